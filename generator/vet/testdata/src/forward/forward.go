package forward

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"example.com/sign"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/client"
	"github.com/google/uuid"
)

type Payment struct{ OrderID string }

type doer interface {
	Do(req *http.Request) (*http.Response, error)
}

type Orders struct{}

func (*Orders) CreateOrder(ctx context.Context, in Payment, call *client.Call) error { return nil }

type Service struct {
	client *http.Client
	doer   doer
	orders *Orders
	verb   string
}

//cnerium:durable POST /a a.a
func (s *Service) Simple(ctx context.Context, req *cnerium.Request, in Payment) error {
	out, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://psp/charges", nil) // want `POST request in Simple does not forward the key: when the handler runs again, so does the other side \[forward\]\n\tout.Header.Set\("Idempotency-Key", req.Key\(\)\)`
	if err != nil {
		return err
	}
	out.Header.Set("Content-Type", "application/json")
	_, err = s.client.Do(out)
	return err
}

//cnerium:durable POST /b b.b
func (s *Service) Others(ctx context.Context, in Payment) error {
	http.Post("https://psp", "text/plain", nil)          // want `http.Post in Others cannot forward the key`
	s.client.PostForm("https://psp", nil)                // want `s.client.PostForm in Others cannot`
	put, _ := http.NewRequest("put", "https://psp", nil) // want `PUT request in Others`
	s.doer.Do(put)
	unknown, _ := http.NewRequest(s.verb, "https://psp", nil) // want `this request in Others`
	http.DefaultTransport.RoundTrip(unknown)
	var patch, _ = http.NewRequest("PATCH", "https://psp", nil) // want `PATCH request`
	sign.Inject(sign.HeaderCarrier(patch.Header))
	patch = patch.WithContext(ctx)
	http.ProxyFromEnvironment(patch)
	s.client.Do(patch.Clone(ctx))
	s.orders.CreateOrder(ctx, in, nil)                      // want `s.orders.CreateOrder in Others makes a key of its own`
	s.orders.CreateOrder(ctx, in, &client.Call{Retry: nil}) // want `s.orders.CreateOrder in Others makes`
	return s.charge(ctx, "x")
}

func (s *Service) charge(ctx context.Context, id string) error {
	built, err := s.build(ctx, "POST", "/charges") // want `POST request in charge \(called by Others\) does not`
	if err != nil {
		return err
	}
	s.client.Do(built)
	read, err := s.build(ctx, "GET", "/charges")
	if err != nil {
		return err
	}
	s.client.Do(read)
	if err := s.call(ctx, "DELETE", "/charges"); err != nil {
		return err
	}
	s.call(ctx, "GET", "/charges")
	return s.get(ctx, "GET", "/")
}

func (s *Service) build(ctx context.Context, method, path string) (*http.Request, error) {
	made, err := http.NewRequestWithContext(ctx, method, "https://psp"+path, nil)
	if err != nil {
		return nil, err
	}
	made.SetBasicAuth("a", "b")
	return made, nil
}

func (s *Service) call(ctx context.Context, method, path string) error {
	out, err := http.NewRequestWithContext(ctx, method, path, nil) // want `DELETE request in call \(called by Others\)`
	if err != nil {
		return err
	}
	return s.send(out)
}

func (s *Service) get(ctx context.Context, method, path string) error {
	out, err := http.NewRequestWithContext(ctx, method, path, nil)
	if err != nil {
		return err
	}
	return s.send(out)
}

func (s *Service) send(r *http.Request) error {
	_, err := s.client.Do(r)
	return err
}

//cnerium:durable POST /c c.c
func (s *Service) Fresh(ctx context.Context) error {
	out, err := http.NewRequestWithContext(ctx, "POST", "https://psp", nil)
	if err != nil {
		return err
	}
	id := uuid.New()
	out.Header.Set("Idempotency-Key", id.String()) // want `the key of this request is made anew each time that Fresh runs`
	s.client.Do(out)
	again, _ := http.NewRequest("POST", "https://psp", nil)
	again.Header["Idempotency-Key"] = []string{client.NewKey()} // want `is made anew`
	s.client.Do(again)
	return nil
}

//cnerium:durable POST /h h.h
func (s *Service) Recursive(ctx context.Context) error {
	return s.again(ctx, "POST", 3)
}

func (s *Service) again(ctx context.Context, method string, left int) error {
	out, err := http.NewRequestWithContext(ctx, method, "https://psp", nil) // want `POST request in again \(called by Recursive\)`
	if err != nil || left == 0 {
		return err
	}
	s.resend(out, left)
	return s.again(ctx, method, left-1)
}

func (s *Service) resend(r *http.Request, left int) {
	if left > 0 {
		s.resend(r, left-1)
	}
	s.client.Do(r)
}

// What follows is as it has to be.

//cnerium:durable POST /d d.d
func (s *Service) Forwarding(ctx context.Context, req *cnerium.Request, in Payment) error {
	key := cnerium.FromContext(ctx).Key()
	out, err := http.NewRequestWithContext(ctx, "POST", "https://psp", bytes.NewReader(nil))
	if err != nil {
		return err
	}
	out.Header.Set("idempotency-key", key+"/charge")
	s.client.Do(out)

	paypal, _ := http.NewRequest("POST", "https://psp", nil)
	paypal.Header.Add("PayPal-Request-Id", in.OrderID)
	s.client.Do(paypal)

	derived, _ := http.NewRequest("POST", "https://psp", nil)
	derived.Header.Set("X-Idempotency-Key", uuid.NewSHA1(uuid.UUID{}, []byte(in.OrderID)).String())
	s.client.Do(derived)

	helped, _ := http.NewRequest("POST", "https://psp", nil)
	s.prepare(helped, key)
	s.client.Do(helped)

	whole, _ := http.NewRequest("POST", "https://psp", nil)
	whole.Header = http.Header{"Idempotency-Key": {key}}
	s.client.Do(whole)

	elsewhere, _ := http.NewRequest("POST", "https://psp", nil)
	sign.Sign(elsewhere)
	s.client.Do(elsewhere)

	named, _ := http.NewRequest("PUT", "https://psp/charges/"+req.Key(), nil)
	s.client.Do(named)

	computed, _ := http.NewRequest("POST", "https://psp", nil)
	computed.Header.Set(s.verb, "x")
	s.client.Do(computed)

	built, _ := s.keyed(ctx, key)
	s.client.Do(built)

	late, _ := s.build(ctx, "POST", "/")
	late.Header.Set("Idempotency-Key", key)
	s.client.Do(late)

	s.orders.CreateOrder(ctx, in, &client.Call{Key: key})
	s.orders.CreateOrder(ctx, in, s.same(key))
	return nil
}

func (s *Service) same(key string) *client.Call { return &client.Call{Key: key} }

func (s *Service) prepare(r *http.Request, key string) {
	r.Header.Set("Idempotency-Key", key)
}

func (s *Service) keyed(ctx context.Context, key string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, "POST", "https://psp", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Idempotency-Key", key)
	return r, nil
}

//cnerium:durable POST /e e.e
func (s *Service) Reading(ctx context.Context) error {
	http.Get("https://psp")
	out, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://psp", nil)
	s.client.Do(out)
	empty, _ := http.NewRequestWithContext(ctx, "", "https://psp", nil)
	s.client.Do(empty)
	local, _ := http.NewRequest("POST", "/", strings.NewReader("x"))
	var w http.ResponseWriter
	http.NotFoundHandler().ServeHTTP(w, local)
	fmt.Println(local.URL)
	return nil
}

// Elsewhere is no durable handler.
func (s *Service) Elsewhere(ctx context.Context) error {
	_, err := http.Post("https://psp", "text/plain", nil)
	return err
}
