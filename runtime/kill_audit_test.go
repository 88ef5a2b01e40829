package cnerium_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// audit compares what clients were told with what the files hold.
type audit struct {
	t      *testing.T
	config shopConfig
	live   *shopProcess // the last process, for replays
	own    *shop        // the auditor's own view of the files
	keys   []*keyed

	records map[string]cnerium.Record // by key
	world   map[string][]effect
	rows    map[string][]int64 // numbers of orders
	events  map[string][]cnerium.Event
}

func newAudit(t *testing.T, config shopConfig, live *shopProcess, keys []*keyed) *audit {
	t.Helper()
	a := &audit{t: t, config: config, live: live, keys: keys}
	config.Step, config.Published = step{}, ""
	var err error
	a.own, err = openShop(t.Context(), config)
	require.NoError(t, err)
	a.readRecords()
	a.world = worldEffects(t, config.World)
	a.readRows()
	a.readEvents()
	return a
}

func (a *audit) readRecords() {
	a.records = map[string]cnerium.Record{}
	for _, k := range a.keys {
		rec, err := a.own.store.Lookup(a.t.Context(), cnerium.ID{Operation: k.operation, Key: k.key})
		require.NoError(a.t, err)
		a.records[k.key] = rec
	}
}

func (a *audit) readRows() {
	a.rows = map[string][]int64{}
	rows, err := a.own.db.QueryContext(a.t.Context(), `SELECT key, number FROM orders`)
	require.NoError(a.t, err)
	defer rows.Close()
	for rows.Next() {
		var key string
		var number int64
		require.NoError(a.t, rows.Scan(&key, &number))
		a.rows[key] = append(a.rows[key], number)
	}
	require.NoError(a.t, rows.Err())
	var integrity string
	require.NoError(a.t, a.own.db.QueryRowContext(a.t.Context(), `PRAGMA integrity_check`).Scan(&integrity))
	require.Equal(a.t, "ok", integrity)
}

func (a *audit) readEvents() {
	a.events = map[string][]cnerium.Event{}
	for cursor := ""; ; {
		events, err := a.own.store.Events(a.t.Context(), cursor, 500)
		require.NoError(a.t, err)
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			var done effect
			require.NoError(a.t, json.Unmarshal(e.Data, &done))
			a.events[done.Key] = append(a.events[done.Key], e)
			cursor = e.Cursor
		}
	}
}

// all checks every key, then resolves what is unknown and checks again.
func (a *audit) all() {
	known := map[string]bool{}
	for _, k := range a.keys {
		known[k.key] = true
		a.answers(k)
		a.record(k)
		if k.operation == opOrder {
			a.order(k)
		} else {
			a.plain(k)
		}
	}
	for _, effects := range []int{len(unknownTo(known, a.world)), len(unknownTo(known, a.rows)), len(unknownTo(known, a.events))} {
		require.Zero(a.t, effects, "effects that nobody asked for")
	}
	a.resolve()
	require.NoError(a.t, a.own.close(a.t.Context()))
}

func unknownTo[T any](known map[string]bool, found map[string]T) []string {
	var keys []string
	for key := range found {
		if !known[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// answers checks that whoever got an outcome gets it again, byte for byte.
func (a *audit) answers(k *keyed) {
	if len(k.answers) == 0 {
		return
	}
	require.Zero(a.t, k.unknown, "%s has an outcome, and was called unknown", k.key)
	fresh := 0
	for _, r := range k.answers {
		require.Equal(a.t, k.answers[0].body, r.body)
		if r.header.Get("Idempotency-Replayed") == "" {
			fresh++
		}
	}
	require.LessOrEqual(a.t, fresh, 1, k.key)
	again, err := a.live.send(k.operation, k.key)
	require.NoError(a.t, err)
	require.Equal(a.t, "true", again.header.Get("Idempotency-Replayed"), k.key)
	require.Equal(a.t, k.answers[0].status, again.status)
	require.Equal(a.t, k.answers[0].body, again.body)
	require.Equal(a.t, k.answers[0].header.Get("Content-Type"), again.header.Get("Content-Type"))
	require.NotEmpty(a.t, again.header.Get("Event-Cursor"))
	require.Equal(a.t, a.records[k.key].Cursor, again.header.Get("Event-Cursor"))
	require.Equal(a.t, again.header.Get("Event-Cursor"), k.answers[0].header.Get("Event-Cursor"))
}

// record checks that the record says what the clients were told, and that
// what is committed has its one event.
func (a *audit) record(k *keyed) {
	rec, events := a.records[k.key], a.events[k.key]
	require.NotEqual(a.t, cnerium.StateReserved, rec.State, "%s %s is in flight, and no handler runs", k.operation, k.key)
	switch {
	case len(k.answers) > 0:
		require.Equal(a.t, cnerium.StateCommitted, rec.State, k.key)
	case k.unknown > 0:
		require.Equal(a.t, cnerium.StateUnknown, rec.State, k.key)
	default:
		require.True(a.t, k.abandoned, "%s has neither an outcome nor was it given up", k.key)
	}
	if rec.State != cnerium.StateCommitted {
		require.Empty(a.t, events, k.key)
		return
	}
	require.Len(a.t, events, 1, k.key)
	require.Equal(a.t, shopEvents[k.operation], events[0].Type)
	require.Equal(a.t, rec.Cursor, events[0].Cursor)
	committed := a.committed(k)
	var announced effect
	require.NoError(a.t, json.Unmarshal(events[0].Data, &announced))
	require.Equal(a.t, committed, announced)
}

// committed returns what the stored response tells.
func (a *audit) committed(k *keyed) effect {
	var done effect
	require.NoError(a.t, json.Unmarshal([]byte(a.records[k.key].Response.Body), &done))
	require.Equal(a.t, k.key, done.Key)
	return done
}

// order checks a transactional handler: its row is there if and only if its
// record is, and exactly once.
func (a *audit) order(k *keyed) {
	require.Empty(a.t, a.world[k.key])
	if a.records[k.key].State == cnerium.StateCommitted {
		require.Equal(a.t, []int64{a.committed(k).Number}, a.rows[k.key], k.key)
		return
	}
	require.Equal(a.t, cnerium.StateAbsent, a.records[k.key].State, "a transactional handler left %s behind", k.key)
	require.Empty(a.t, a.rows[k.key], k.key)
}

// plain checks the executions of a plain handler against its record.
func (a *audit) plain(k *keyed) {
	require.Empty(a.t, a.rows[k.key])
	done, rec := a.world[k.key], a.records[k.key]
	if k.operation == opPayment {
		require.LessOrEqual(a.t, len(done), 1, "%s was paid twice", k.key)
	}
	for i := 1; i < len(done); i++ {
		require.Greater(a.t, done[i].Attempt, done[i-1].Attempt, "%s ran again and was not told", k.key)
	}
	switch rec.State {
	case cnerium.StateCommitted:
		require.NotEmpty(a.t, done, "%s is answered and was not done", k.key)
		require.Equal(a.t, a.committed(k), done[len(done)-1], k.key)
		require.Equal(a.t, rec.Attempt, done[len(done)-1].Attempt, k.key)
	case cnerium.StateAbsent:
		require.Empty(a.t, done, "%s was done and forgotten", k.key)
	}
}

// resolve checks that what is unknown is in the list, all of it and nothing
// else, and that an operator can end it both ways.
func (a *audit) resolve() {
	var held []string
	for _, k := range a.keys {
		if a.records[k.key].State == cnerium.StateUnknown {
			held = append(held, k.key)
		}
	}
	listed, err := a.own.app.Unknown(a.t.Context(), len(a.keys)+1)
	require.NoError(a.t, err)
	var keys []string
	for _, rec := range listed {
		keys = append(keys, rec.ID.Key)
	}
	require.ElementsMatch(a.t, held, keys)
	require.NotEmpty(a.t, listed, "no kill has left an unknown outcome")
	for i, rec := range listed {
		var resolution *cnerium.Response
		if i%2 == 0 {
			resolution = cnerium.Text(200, "resolved "+rec.ID.Key)
		}
		require.NoError(a.t, a.own.app.Resolve(a.t.Context(), rec.ID, resolution))
		r, err := a.live.send(rec.ID.Operation, rec.ID.Key)
		require.NoError(a.t, err)
		if resolution != nil {
			require.Equal(a.t, "resolved "+rec.ID.Key, r.body)
			continue
		}
		require.Equal(a.t, 201, r.status, r.body)
		require.Empty(a.t, r.header.Get("Idempotency-Replayed"), "a released key runs again")
	}
}

// published checks, after the last process has been stopped in peace, that
// every event was handed over at least once.
func (a *audit) published() {
	data, err := os.ReadFile(a.config.Published)
	require.NoError(a.t, err)
	handed := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		handed[strings.TrimSpace(line)] = true
	}
	for key, events := range a.events {
		for _, e := range events {
			require.True(a.t, handed[e.ID], "event %s of %s was never published", e.ID, key)
		}
	}
}
