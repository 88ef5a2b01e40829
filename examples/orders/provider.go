package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// provider charges customers. It must honour the key: the same key charges
// once, however often it comes, as Stripe and others do. Keys must therefore
// be unique among all that use one account of the provider; where several
// tenants choose keys of their own, put the tenant in front.
type provider interface {
	// charge takes the money and returns the provider's reference.
	charge(ctx context.Context, key string, c charge) (reference string, err error)
}

// charge is what a provider is asked for.
type charge struct {
	OrderID     string
	AmountCents int64
	Currency    string
}

var errKeyReused = errors.New("the key was used for another charge")

// fakeProvider stands for the payment provider: it keeps its charges in
// memory. The zero value is ready to use, also concurrently.
type fakeProvider struct {
	mu      sync.Mutex
	charges map[string]charge // by key
	refs    map[string]string // by key
}

func (p *fakeProvider) charge(ctx context.Context, key string, c charge) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, ok := p.charges[key]; ok {
		if before != c {
			return "", errKeyReused
		}
		return p.refs[key], nil
	}
	if p.charges == nil {
		p.charges, p.refs = make(map[string]charge), make(map[string]string)
	}
	p.charges[key] = c
	p.refs[key] = fmt.Sprintf("ch_%d", len(p.charges))
	return p.refs[key], nil
}
