package modeltest

import (
	"cmp"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// one is one record, as the model of a history has it.
type one struct {
	seen  Seen
	token int64 // the last that was granted
}

// Linearizable reports whether there is an order of the calls, for each record
// by itself, in which one record that does one thing after the other would
// have answered as the store did, and in which every call has its place
// between its start and its end.
func Linearizable(history []Operation) bool { return len(Refuted(history)) == 0 }

// Refuted returns the calls of a record that have no such order, by their
// starts, and none if each record has one.
func Refuted(history []Operation) []Operation {
	byRecord := map[cnerium.ID][]porcupine.Operation{}
	for _, op := range history {
		byRecord[op.ID] = append(byRecord[op.ID], porcupine.Operation{
			ClientId: op.Client, Input: op, Call: op.Start, Output: op, Return: op.End,
		})
	}
	oneRecord := porcupine.Model{
		Init: func() any { return one{} },
		Step: func(state, input, _ any) (bool, any) {
			return state.(one).step(input.(Operation))
		},
	}
	for _, calls := range byRecord {
		if porcupine.CheckOperations(oneRecord, calls) {
			continue
		}
		var refuted []Operation
		for _, call := range calls {
			refuted = append(refuted, call.Input.(Operation))
		}
		slices.SortFunc(refuted, func(a, b Operation) int { return cmp.Compare(a.Start, b.Start) })
		return refuted
	}
	return nil
}

// step tells whether the record can answer the call as it was answered, and
// what becomes of it.
func (r one) step(op Operation) (bool, one) {
	switch op.Do {
	case "lookup":
		return op.Seen == r.seen, r
	case "reserve":
		return r.reserve(op)
	case "transact":
		return r.transact(op)
	}
	open := r.seen.State == cnerium.StateReserved || r.seen.State == cnerium.StateUnknown
	holds := open && op.Token == r.token
	if op.Do == "renew" || op.Do == "end" {
		holds = holds && r.seen.State == cnerium.StateReserved
	}
	if op.Lost || !holds {
		return op.Lost == !holds, r
	}
	switch op.Do {
	case "commit":
		r.seen.State, r.seen.Body = cnerium.StateCommitted, op.Body
	case "release":
		r.seen = Seen{}
	case "end":
		r.seen.State = cnerium.StateUnknown
	}
	return true, r
}

// free reports whether the record may be claimed, and for which attempt.
func (r one) free(takeover bool) (bool, int) {
	switch r.seen.State {
	case cnerium.StateAbsent:
		return true, 1
	case cnerium.StateUnknown:
		return takeover, r.seen.Attempt + 1
	}
	return false, 0
}

func (r one) reserve(op Operation) (bool, one) {
	free, attempt := r.free(op.Takeover)
	if !free || !op.Granted {
		return free == op.Granted && op.Seen == r.seen, r
	}
	next := one{seen: Seen{State: cnerium.StateReserved, Attempt: attempt}, token: op.NewToken}
	return op.NewToken != r.token && op.Attempt == attempt && op.Seen == next.seen, next
}

func (r one) transact(op Operation) (bool, one) {
	free, attempt := r.free(op.Takeover)
	if !free || !op.Granted {
		return free == op.Granted && op.Seen == r.seen, r
	}
	if op.Fails {
		return op.Attempt == attempt && op.Seen == (Seen{}), r
	}
	next := one{seen: Seen{State: cnerium.StateCommitted, Attempt: attempt, Body: op.Body}, token: r.token}
	return op.Attempt == attempt && op.Seen == next.seen, next
}

// Linear records the histories of concurrent clients and checks them. Where
// the config allows it, half of the clients have another store on the same
// medium. Ten histories are recorded, or 500 if there is time for the long
// campaign.
func Linear(t *testing.T, config storetest.Config, long bool) {
	t.Helper()
	repetitions := 10
	if long {
		repetitions = 500
	}
	for range repetitions {
		linear(t, config)
	}
}

func linear(t *testing.T, config storetest.Config) {
	stores := []cnerium.Store{config.Open(t, Clock)}
	if config.Join != nil {
		stores = append(stores, config.Join(t, stores[0], Clock))
	}
	load := Load{Write: config.Write, Clients: 8, Steps: 60, Keys: 12}
	history, err := load.Record(t.Context(), stores...)
	require.NoError(t, err)
	require.Empty(t, Refuted(history), "the calls of this record have no order")
	Agree(t, config, stores[0], history)
	for _, store := range stores {
		require.NoError(t, store.Close())
	}
}

// Clock stands still, so that no lease of a history runs out by itself.
func Clock() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Agree checks that after a history there is one event for each response that
// was stored, and one row for each of a transaction.
func Agree(t *testing.T, config storetest.Config, store cnerium.Store, history []Operation) {
	t.Helper()
	var bodies, announced, wrote []string
	for _, op := range history {
		transacted := op.Do == "transact" && op.Granted && !op.Fails
		if transacted || op.Do == "commit" && !op.Lost {
			bodies = append(bodies, op.Body)
		}
		if transacted {
			wrote = append(wrote, op.Body)
		}
	}
	events, err := store.Events(t.Context(), "", len(history))
	require.NoError(t, err)
	for _, e := range events {
		var body string
		require.NoError(t, json.Unmarshal(e.Data, &body))
		announced = append(announced, body)
	}
	require.ElementsMatch(t, bodies, announced)
	if config.Rows == nil {
		return
	}
	rows, err := config.Rows(t.Context(), store)
	require.NoError(t, err)
	slices.Sort(rows)
	slices.Sort(wrote)
	require.True(t, slices.Equal(wrote, rows), "rows are %v, want %v", rows, wrote)
}
