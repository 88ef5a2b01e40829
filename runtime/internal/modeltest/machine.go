package modeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// machine does the same to a store and to the model. Two stores on one medium
// stand for two processes.
type machine struct {
	outer  *testing.T
	config storetest.Config
	now    time.Time
	stores []cnerium.Store
	model  model
	begin  string // the cursor before the first event
	leases []held
	steps  int // makes every body, event and row its own
	checks int
}

// held is a lease, good or stale, and its holder in the model.
type held struct {
	lease  cnerium.Lease
	holder int
}

// keys are few, so that calls meet.
var keys = []cnerium.ID{
	{Operation: "orders.create", Key: "a"},
	{Operation: "orders.create", Key: "b"},
	{Scope: "a", Operation: "orders.create", Key: "b"},
}

var (
	drawKey      = rapid.SampledFrom(keys)
	drawDuration = rapid.SampledFrom([]time.Duration{
		time.Millisecond, time.Millisecond + time.Microsecond, time.Second, time.Minute, time.Hour, 25 * time.Hour,
	})
	drawEvents      = rapid.SampledFrom([]int{0, 1, 2, storetest.MaxEvents, storetest.MaxEvents + 1})
	drawPublisher   = rapid.SampledFrom([]string{"", "mail", "Mail"})
	drawFingerprint = rapid.SampledFrom([]cnerium.Fingerprint{{1}, {2}})
)

func newMachine(outer *testing.T, config storetest.Config) *machine {
	m := &machine{
		outer:  outer,
		config: config,
		now:    time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC),
		model:  model{records: map[cnerium.ID]record{}, marks: map[string]int{}},
	}
	clock := func() time.Time { return m.now }
	m.stores = []cnerium.Store{config.Open(outer, clock)}
	if config.Join != nil {
		m.stores = append(m.stores, config.Join(outer, m.stores[0], clock))
	}
	var err error
	m.begin, err = m.stores[0].Head(outer.Context())
	require.NoError(outer, err)
	return m
}

// actions are the steps of a history.
func (m *machine) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"":              m.check,
		"advance":       func(t *rapid.T) { m.now = m.now.Add(drawDuration.Draw(t, "by")) },
		"reserve":       m.reserve,
		"commit":        m.commit,
		"release":       m.release,
		"renew":         m.renew,
		"markPublished": m.markPublished,
		"sweep":         m.sweep,
	}
	if m.config.Join != nil {
		actions["crash"] = m.crash
	}
	if _, ok := m.stores[0].(cnerium.Transactor); ok {
		actions["transact"] = m.transact
	}
	return actions
}

// store draws the process that makes the step.
func (m *machine) store(t *rapid.T) cnerium.Store {
	return m.stores[rapid.IntRange(0, len(m.stores)-1).Draw(t, "process")]
}

func (m *machine) claim(t *rapid.T) cnerium.Claim {
	c := cnerium.Claim{
		ID:          drawKey.Draw(t, "key"),
		Fingerprint: drawFingerprint.Draw(t, "fingerprint"),
		Lease:       drawDuration.Draw(t, "lease"),
		Takeover:    rapid.Bool().Draw(t, "takeover"),
	}
	if c.Takeover && rapid.Bool().Draw(t, "anonymous") {
		c.Fingerprint = cnerium.Fingerprint{}
	}
	return c
}

// outcome returns one that no other step has.
func (m *machine) outcome(t *rapid.T) cnerium.Outcome {
	m.steps++
	o := cnerium.Outcome{
		Response:  cnerium.Text(200+m.steps%300, fmt.Sprint("step ", m.steps)).Stored(),
		Retention: drawDuration.Draw(t, "retention"),
	}
	for i := range drawEvents.Draw(t, "events") {
		o.Events = append(o.Events, cnerium.Event{
			Operation: "orders.create", Room: fmt.Sprint("room ", i), Type: "order.created", Subject: fmt.Sprint(i),
			Time: time.UnixMilli(int64(m.steps)).UTC(), Data: json.RawMessage(fmt.Sprint(m.steps)),
		})
	}
	return o
}

// held draws a lease that was granted at any time.
func (m *machine) held(t *rapid.T) held {
	if len(m.leases) == 0 {
		t.Skip("no lease was granted yet")
	}
	return rapid.SampledFrom(m.leases).Draw(t, "lease")
}

func (m *machine) reserve(t *rapid.T) {
	c := m.claim(t)
	rec, lease, err := m.store(t).Reserve(t.Context(), c)
	require.NoError(t, err)
	holder := m.model.reserve(c, m.millis())
	require.Equal(t, holder != 0, lease != nil, "granted")
	m.equal(t, c.ID, rec)
	if lease != nil {
		require.Equal(t, m.model.records[c.ID].attempt, lease.Attempt)
		m.leases = append(m.leases, held{*lease, holder})
	}
}

func (m *machine) commit(t *rapid.T) {
	h, o := m.held(t), m.outcome(t)
	cursor, err := m.store(t).Commit(t.Context(), &h.lease, o)
	want := m.model.commit(h.lease.ID, h.holder, o, m.millis())
	m.settled(t, want, err)
	if last := len(m.model.events) - 1; want && len(o.Events) > 0 {
		require.NotEmpty(t, cursor)
		m.model.events[last].cursor = cursor
	} else {
		require.Empty(t, cursor)
	}
}

func (m *machine) release(t *rapid.T) {
	h := m.held(t)
	err := m.store(t).Release(t.Context(), &h.lease)
	m.settled(t, m.model.release(h.lease.ID, h.holder), err)
}

// renew also ends leases.
func (m *machine) renew(t *rapid.T) {
	h, d := m.held(t), drawDuration.Draw(t, "for")
	if rapid.Bool().Draw(t, "end") {
		d = 0
	}
	err := m.store(t).Renew(t.Context(), &h.lease, d)
	m.settled(t, m.model.renew(h.lease.ID, h.holder, d, m.millis()), err)
}

// settled compares what a step with a lease said with what it should have.
func (m *machine) settled(t *rapid.T, want bool, err error) {
	if want {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, cnerium.ErrLeaseLost)
	}
}

// markPublished also marks places behind which events are gone, as a publisher
// does that was left behind.
func (m *machine) markPublished(t *rapid.T) {
	publisher := drawPublisher.Draw(t, "publisher")
	n := rapid.IntRange(0, len(m.model.events)).Draw(t, "event")
	require.NoError(t, m.store(t).MarkPublished(t.Context(), publisher, m.cursor(n)))
	m.model.mark(publisher, n)
}

// cursor names the place behind the first n events.
func (m *machine) cursor(n int) string {
	if n == 0 {
		return m.begin
	}
	return m.model.events[n-1].cursor
}

// sweep sweeps until nothing is left to do.
func (m *machine) sweep(t *rapid.T) {
	store, limit, removed := m.store(t), rapid.IntRange(1, 3).Draw(t, "limit"), 0
	for {
		n, err := store.Sweep(t.Context(), limit)
		require.NoError(t, err)
		require.LessOrEqual(t, n, 2*limit)
		if removed += n; n < limit {
			break
		}
	}
	require.Equal(t, m.model.sweep(m.millis()), removed)
}

// crash ends a process in the middle of whatever it was doing, and starts it
// again.
func (m *machine) crash(t *rapid.T) {
	i := rapid.IntRange(0, len(m.stores)-1).Draw(t, "process")
	require.NoError(t, m.stores[i].Close())
	m.stores[i] = m.config.Join(m.outer, m.stores[i], func() time.Time { return m.now })
}

var errHandler = errors.New("the handler failed")

// transact runs a handler that ends in one of the ways that there are.
func (m *machine) transact(t *rapid.T) {
	c, o := m.claim(t), m.outcome(t)
	how := rapid.SampledFrom([]string{"returns", "discards", "fails", "panics", "is late"}).Draw(t, "how")
	o.Discard = how == "discards"
	row := fmt.Sprint("row ", m.steps)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := false
	run := func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
		ran = true
		require.Equal(t, m.nextAttempt(c.ID), attempt)
		require.NoError(t, m.config.Write(ctx, row))
		switch how {
		case "fails":
			return o, errHandler
		case "panics":
			panic(errHandler)
		case "is late":
			cancel()
		}
		return o, nil
	}
	store := m.store(t).(cnerium.Transactor)
	rec, err := try(func() (cnerium.Record, error) { return store.Transact(ctx, c, run) })
	require.Equal(t, m.model.grants(c, m.millis()), ran)
	switch {
	case ran && how == "is late":
		require.ErrorIs(t, err, context.Canceled)
	case ran && (how == "fails" || how == "panics"):
		require.ErrorIs(t, err, errHandler)
	default:
		require.NoError(t, err)
		if ran {
			m.model.transact(c, row, o, m.millis())
			m.compareEvents(t, store)
		}
		m.equal(t, c.ID, rec)
	}
	m.compareRows(t)
}

// try makes an error of a panic with one.
func try(call func() (cnerium.Record, error)) (rec cnerium.Record, err error) {
	defer func() {
		if v, ok := recover().(error); ok && errors.Is(v, errHandler) {
			err = v
		} else if v != nil {
			panic(v)
		}
	}()
	return call()
}

// nextAttempt is the one that an execution of the record would be.
func (m *machine) nextAttempt(id cnerium.ID) int {
	if r := m.model.records[id]; r.state(m.millis()) == cnerium.StateUnknown {
		return r.attempt + 1
	}
	return 1
}

func (m *machine) millis() int64 { return m.now.UnixMilli() }
