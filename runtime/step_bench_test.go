package cnerium

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// BenchmarkStep measures the steps of a request's path that need no store, one
// by one; those of the stores are measured beside them, and the whole path by
// BenchmarkRequest. It is inside the package because that is where the steps
// can be told apart.
func BenchmarkStep(b *testing.B) {
	body := []byte(`{"product":"p1","quantity":2}`)
	r := httptest.NewRequest(http.MethodPost, "/orders/7", bytes.NewReader(body))
	r.Header.Set("Idempotency-Key", "0b9f2c1e-5d0c-4d7e-9d3d-0c2c8f3f6a51")
	r.SetPathValue("id", "7")
	id := ID{Operation: "orders.create", Key: "0b9f2c1e-5d0c-4d7e-9d3d-0c2c8f3f6a51"}
	rt := &route{wildcards: []string{"id"}}
	resp := Bytes(http.StatusCreated, "application/json", bytes.Repeat([]byte("x"), 120))
	stored := resp.Stored()
	w := httptest.NewRecorder()
	var fs flights
	for _, step := range []struct {
		name string
		run  func()
	}{
		{"key", func() { _, _ = requestKey(r.Header) }},
		{"read the body", func() { _, _ = readAll(bytes.NewReader(body), int64(len(body)), 1<<20) }},
		{"fingerprint", func() { fingerprint(rt.pathValues(r), r.URL.RawQuery, body) }},
		{"make the handler's request", func() { newRequest(r, id, Fingerprint{}, body) }},
		{"take and give the lead", func() {
			f := new(flight)
			fs.join(f, id, Fingerprint{}, time.Time{})
			fs.finish(f, answer{}, false)
		}},
		{"watch", func() {
			x := &execution{rt: &route{app: &App{}, Route: Route{Lease: time.Hour}}, lease: &Lease{}}
			x.startWatch(time.Now(), time.Now().Add(time.Hour))
			x.watch.stopRenewals()
			x.watch.stop()
			x.rt.app.flights.timer.Stop()
		}},
		{"context of the handler", func() {
			var life lifetime
			life.values = context.Background()
			life.start(time.Now().Add(time.Minute))
			life.end(context.Canceled)
		}},
		{"seal the response", func() { seal(resp) }},
		{"check a stored response", func() { _ = stored.Header.check() }},
		{"send the response", func() {
			w.Body.Reset()
			answer{resp: stored}.reply(w)
		}},
		{"decode JSON", func() {
			req := &Request{Request: r, body: body}
			var in struct {
				Product  string
				Quantity int
			}
			if err := req.DecodeJSON(&in); err != nil {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(step.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				step.run()
			}
		})
	}
}
