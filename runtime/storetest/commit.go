package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var commitLaws = []law{
	{"a committed response comes back as it was", func(b *bench) {
		for name, want := range responses() {
			l := b.reserve(claim(id(name)))
			b.commit(l, cnerium.Outcome{Response: want, Retention: retention})
			b.response(b.lookup(id(name), cnerium.StateCommitted).Response, want)
			b.response(b.refuse(claim(id(name))).Response, want)
		}
	}},
	{"a committed record says when, which attempt and which request", func(b *bench) {
		l := b.reserve(claim(id("k")))
		b.clock.advance(time.Second)
		b.commit(l, outcome("done"))
		b.clock.advance(time.Second)
		record := b.lookup(id("k"), cnerium.StateCommitted)
		b.since(record, b.clock.Now().Add(-time.Second))
		b.attempt(record.Attempt, 1)
		if record.Fingerprint != digest("request") || record.Cursor != "" {
			b.Fatalf("record is %+v, want the fingerprint of the claim and no cursor", record)
		}
	}},
	{"Commit returns the cursor of its last event", func(b *bench) {
		for i, events := range [][]cnerium.Event{nil, {event(1)}, {}, {event(2), event(3), event(4)}} {
			l := b.reserve(claim(id(fmt.Sprint(i))))
			got, want := b.commit(l, outcome("done", events...)), ""
			if len(events) > 0 {
				kept := b.events("", 10)
				want = kept[len(kept)-1].Cursor
			}
			if record := b.lookup(l.ID, cnerium.StateCommitted); got != want || record.Cursor != want {
				b.Fatalf("Commit of %d events returned %q, the record has %q, want %q", len(events), got, record.Cursor, want)
			}
		}
	}},
	{"what the caller changes afterwards never reaches the store", func(b *bench) { notAliased(b) }},
	{"of concurrent commits of one lease one is stored", func(b *bench) {
		l := b.reserve(claim(id("k")))
		errs := make([]error, 16)
		together(len(errs), func(i int) {
			_, errs[i] = b.store.Commit(b.Context(), l, outcome(fmt.Sprint("body ", i), event(i)))
		})
		winner := -1
		for i, err := range errs {
			if err != nil {
				b.is("Commit", err, cnerium.ErrLeaseLost)
				continue
			}
			if winner >= 0 {
				b.Fatalf("commits %d and %d were both stored", winner, i)
			}
			winner = i
		}
		b.body(id("k"), fmt.Sprint("body ", winner))
		b.sameEvents(b.events("", 10), event(winner))
	}},
	{"an outcome without a response or a positive retention is an error and changes nothing", func(b *bench) {
		l := b.reserve(claim(id("k")))
		for _, bad := range []cnerium.Outcome{
			{Events: []cnerium.Event{event(1)}, Retention: retention},
			{Response: cnerium.NoContent().Stored(), Events: []cnerium.Event{event(1)}},
			{Response: cnerium.NoContent().Stored(), Events: []cnerium.Event{event(1)}, Retention: -retention},
		} {
			_, err := b.store.Commit(b.Context(), l, bad)
			b.fails("Commit", err)
			b.lookup(id("k"), cnerium.StateReserved)
		}
		b.commit(l, outcome("good"))
		if events := b.events("", 10); len(events) != 0 {
			b.Fatalf("a refused commit left the events %v", events)
		}
	}},
}

func responses() map[string]cnerium.StoredResponse {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	large := make([]byte, 0, 2<<20)
	for block := sha256.Sum256(nil); len(large) < cap(large); block = sha256.Sum256(block[:]) {
		large = append(large, block[:]...)
	}
	header := &cnerium.Response{Header: http.Header{
		"Location":  {"/orders/1?a=b&c=%20"},
		"Link":      {"<a>; rel=prev", "<b>; rel=next", "<a>; rel=prev"},
		"X-Latin":   {"caf\xe9"},
		"X-Unicode": {"caf\u00e9 \u2603"},
		"X-Empties": {"", "", "x", ""},
		"X-Long":    {string(bytes.Repeat([]byte("v"), 10_000))},
	}}
	return map[string]cnerium.StoredResponse{
		"plain":      cnerium.Text(201, "hello").Stored(),
		"no content": cnerium.NoContent().Stored(),
		"no header":  {Status: 200, Body: "x"},
		"binary":     {Status: 200, Body: string(every)},
		"zero byte":  {Status: 200, Body: "\x00"},
		"large":      {Status: 200, Body: string(large)},
		"status":     {Status: 599, Body: "x"},
		"header":     header.Stored(),
		"any header": {Status: 303, Header: cnerium.StoredHeader(every)}, // just text to a store
	}
}

// notAliased spoils everything that went into the store and came out of it.
func notAliased(b *bench) {
	data := []byte(`{"n":1}`)
	sent := cnerium.Event{Operation: "o", Type: "t", Time: event(1).Time, Data: data}
	events := []cnerium.Event{sent}
	l := b.reserve(claim(id("k")))
	b.commit(l, outcome("original", events...))
	copy(data, "XXXXXXX")
	events[0].Type = "spoiled"
	l.ID.Key, l.Token = "spoiled", -1

	want := sent
	want.Data = []byte(`{"n":1}`)
	for range 3 {
		b.body(id("k"), "original")
		got := b.events("", 10)
		b.sameEvents(got, want)
		copy(got[0].Data, "XXXXXXX")
		got[0].Type = "spoiled"
	}
}
