package modeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Operation is one call of a store, with what it was given and what it gave
// back. A history of them can be written as JSON and read again.
type Operation struct {
	Client     int
	Start, End int64 // Unix nanoseconds
	ID         cnerium.ID
	Do         string // the kinds of call, see calls

	Takeover bool   // of reserve and transact
	Token    int64  // of the lease that commit, release, renew and end use
	Body     string // of the response of commit and transact
	Fails    bool   // the handler of a transact

	Granted  bool // reserve got a lease, transact ran its handler
	NewToken int64
	Attempt  int
	Lost     bool // the lease did not hold the record
	Seen     Seen // the record that came back
}

// Seen is what a record looked like.
type Seen struct {
	State   cnerium.State
	Attempt int
	Body    string
}

func seen(rec cnerium.Record) Seen {
	s := Seen{State: rec.State, Attempt: rec.Attempt}
	if !rec.Response.IsZero() {
		s.Body = rec.Response.Body
	}
	return s
}

// Load is what is done to a store at once.
type Load struct {
	Write   func(ctx context.Context, row string) error // as in storetest.Config; nil for no transactions
	First   int                                         // the number of the first client, when others run elsewhere
	Clients int
	Steps   int // of each client
	Keys    int
}

// Record puts the load on the stores, which share one medium, and returns the
// history. Leases are long, so nothing but the calls ends them: the history
// does not depend on clocks.
func (l Load) Record(ctx context.Context, stores ...cnerium.Store) ([]Operation, error) {
	var (
		mu      sync.Mutex
		history []Operation
		failed  error
		wg      sync.WaitGroup
		leases  pool
	)
	for i := range l.Clients {
		c := &client{load: l, number: l.First + i, store: stores[i%len(stores)], leases: &leases}
		wg.Go(func() {
			done, err := c.run(ctx)
			mu.Lock()
			defer mu.Unlock()
			history = append(history, done...)
			failed = errors.Join(failed, err)
		})
	}
	wg.Wait()
	return history, failed
}

// pool holds the leases of all clients, the stale ones too: a client may use
// one that another was granted.
type pool struct {
	mu  sync.Mutex
	all []cnerium.Lease
}

func (p *pool) add(l cnerium.Lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, l)
}

// draw returns one of the newest leases.
func (p *pool) draw() (cnerium.Lease, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) == 0 {
		return cnerium.Lease{}, false
	}
	return p.all[len(p.all)-1-rand.IntN(min(len(p.all), 16))], true
}

// client makes one call after the other.
type client struct {
	load   Load
	number int
	store  cnerium.Store
	leases *pool
}

func (c *client) run(ctx context.Context) ([]Operation, error) {
	var history []Operation
	for i := range c.load.Steps {
		op := Operation{Client: c.number, Body: fmt.Sprint(c.number, ".", i)}
		call := c.draw(&op)
		op.Start = time.Now().UnixNano()
		err := call(ctx, &op)
		op.End = time.Now().UnixNano()
		if err != nil {
			return history, fmt.Errorf("client %d: %s: %w", c.number, op.Do, err)
		}
		history = append(history, op)
	}
	return history, nil
}

// draw chooses the next call. Commits are rare, because nothing much happens
// to a record after one.
func (c *client) draw(op *Operation) func(context.Context, *Operation) error {
	op.ID = cnerium.ID{Operation: "orders.create", Key: fmt.Sprint(rand.IntN(c.load.Keys))}
	op.Takeover = rand.IntN(2) == 0
	op.Fails = rand.IntN(3) > 0
	lease, ok := c.leases.draw()
	choice := rand.IntN(20)
	if ok && choice >= 10 {
		op.ID, op.Token = lease.ID, lease.Token
	}
	switch {
	case choice < 3:
		op.Do = "lookup"
		return c.lookup
	case choice < 6 && c.load.Write != nil:
		op.Do = "transact"
		return c.transact
	case choice < 10 || !ok:
		op.Do = "reserve"
		return c.reserve
	case choice < 11:
		op.Do = "commit"
	case choice < 13:
		op.Do = "renew"
	case choice < 16:
		op.Do = "release"
	default:
		op.Do = "end"
	}
	return c.settle
}

func (op *Operation) claim() cnerium.Claim {
	return cnerium.Claim{ID: op.ID, Fingerprint: cnerium.Fingerprint{1}, Lease: time.Hour, Takeover: op.Takeover}
}

// outcome announces the body, so that events and responses can be compared.
func (op *Operation) outcome() cnerium.Outcome {
	data, _ := json.Marshal(op.Body) // a text can be encoded
	return cnerium.Outcome{
		Response:  cnerium.Text(200, op.Body).Stored(),
		Events:    []cnerium.Event{{Operation: "orders.create", Type: "done", Time: time.UnixMilli(1), Data: data}},
		Retention: time.Hour,
	}
}

func (c *client) lookup(ctx context.Context, op *Operation) error {
	rec, err := c.store.Lookup(ctx, op.ID)
	op.Seen = seen(rec)
	return err
}

func (c *client) reserve(ctx context.Context, op *Operation) error {
	rec, lease, err := c.store.Reserve(ctx, op.claim())
	op.Seen = seen(rec)
	if lease != nil {
		op.Granted, op.NewToken, op.Attempt = true, lease.Token, lease.Attempt
		c.leases.add(*lease)
	}
	return err
}

// settle uses a lease.
func (c *client) settle(ctx context.Context, op *Operation) error {
	lease := &cnerium.Lease{ID: op.ID, Token: op.Token, Attempt: 1}
	var err error
	switch op.Do {
	case "commit":
		_, err = c.store.Commit(ctx, lease, op.outcome())
	case "release":
		err = c.store.Release(ctx, lease)
	case "renew":
		err = c.store.Renew(ctx, lease, time.Hour)
	case "end":
		err = c.store.Renew(ctx, lease, 0)
	}
	if errors.Is(err, cnerium.ErrLeaseLost) {
		op.Lost, err = true, nil
	}
	return err
}

func (c *client) transact(ctx context.Context, op *Operation) error {
	run := func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
		op.Granted, op.Attempt = true, attempt
		if err := c.load.Write(ctx, op.Body); err != nil {
			return cnerium.Outcome{}, err
		}
		if op.Fails {
			return cnerium.Outcome{}, errHandler
		}
		return op.outcome(), nil
	}
	rec, err := c.store.(cnerium.Transactor).Transact(ctx, op.claim(), run)
	op.Seen = seen(rec)
	if errors.Is(err, errHandler) {
		return nil
	}
	// A run may have been undone, and the next one not granted.
	op.Granted = op.Granted && op.Seen.Body == op.Body
	return err
}
