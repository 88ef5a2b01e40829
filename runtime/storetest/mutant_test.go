package storetest_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// mutantName is the environment variable that makes the test binary test the
// broken store that it names. The parent expects it to fail.
const mutantName = "CNERIUM_TEST_MUTANT"

// TestLawBites breaks a good store in one way after the other. A law that no
// broken store can fail proves nothing.
func TestLawBites(t *testing.T) {
	t.Parallel()
	caught := map[string]string{}
	for name, m := range mutants {
		caught[name] = m.caught
	}
	for name, m := range txMutants {
		caught[name] = m.caught
	}
	for name, m := range limitMutants {
		caught[name] = m.caught
	}
	for name := range mediumMutants {
		caught[name] = "Joined"
	}
	for name, chapter := range caught {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := tryMutant(t, name, chapter)
			require.Error(t, err, "the store passed")
			require.True(t, bytes.Contains(output, []byte("--- FAIL: TestMutant/"+chapter+"/")), "%s", output)
		})
	}
}

func TestAStoreThatWaitsForEverIsTold(t *testing.T) {
	t.Parallel()
	output, err := tryMutant(t, waitsForEver, "Life")
	require.Error(t, err, "the store passed")
	require.Contains(t, string(output), "a call waits for what will never come")
}

// tryMutant tests a broken store with the chapters.
func tryMutant(t *testing.T, name, chapters string) ([]byte, error) {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestMutant$/^"+chapters+"$")
	cmd.Env = append(os.Environ(), mutantName+"="+name)
	return cmd.CombinedOutput()
}

// TestMutant is the child of TestLawBites.
func TestMutant(t *testing.T) {
	name := os.Getenv(mutantName)
	if name == "breaks nothing" {
		storetest.Run(t, transactional(func(good transact) transact { return good }))
		storetest.Run(t, joined(func(good cnerium.Store) cnerium.Store { return good }))
		return
	}
	if m, ok := txMutants[name]; ok {
		storetest.Run(t, transactional(m.breaks))
		return
	}
	if breaks, ok := mediumMutants[name]; ok {
		storetest.Run(t, joined(breaks))
		return
	}
	if name == waitsForEver {
		storetest.SetPatience(100 * time.Millisecond)
	}
	m, broken := mutants[name]
	limit, spoiled := limitMutants[name]
	if !broken && !spoiled {
		t.Skip("runs as a child of TestLawBites only")
	}
	storetest.Run(t, storetest.Config{
		Open: func(_ *testing.T, now func() time.Time) cnerium.Store {
			opts := options(now)
			if spoiled {
				limit.spoil(opts)
				return memstore.New(opts)
			}
			return m.breaks(memstore.New(opts))
		},
	})
}

// mutants are stores that break the law, each with the chapter that has to
// notice.
var mutants = map[string]struct {
	caught string
	breaks func(good cnerium.Store) cnerium.Store
}{
	"joins the parts of an ID":     {"Reserve", func(s cnerium.Store) cnerium.Store { return &joining{s} }},
	"grants every claim":           {"Reserve", func(s cnerium.Store) cnerium.Store { return &generous{s} }},
	"forgets the fencing token":    {"Takeover", func(s cnerium.Store) cnerium.Store { return &unfenced{Store: s} }},
	"revives leases that ran out":  {"Lease", func(s cnerium.Store) cnerium.Store { return &reviving{Store: s} }},
	waitsForEver:                   {"Life", func(s cnerium.Store) cnerium.Store { return &endless{s} }},
	"reads errors as absent":       {"Life", func(s cnerium.Store) cnerium.Store { return &hopeful{s} }},
	"drops repeated header fields": {"Commit", func(s cnerium.Store) cnerium.Store { return &flattening{s} }},
	"keeps what it was given":      {"Commit", func(s cnerium.Store) cnerium.Store { return &aliasing{Store: s} }},
	"expires too late":             {"Retention", func(s cnerium.Store) cnerium.Store { return &hoarding{s} }},
	"sweeps without a limit":       {"Retention", func(s cnerium.Store) cnerium.Store { return &greedy{s} }},
	"says that nothing is there":   {"Hint", func(s cnerium.Store) cnerium.Store { return &unheard{s} }},
	"loses events":                 {"Events", func(s cnerium.Store) cnerium.Store { return &silent{s} }},

	"accepts any cursor":               {"Events", func(s cnerium.Store) cnerium.Store { return &gullible{s} }},
	"reads over a gap":                 {"Sweep", func(s cnerium.Store) cnerium.Store { return &gullible{s} }},
	"marks whatever it is told":        {"Events", func(s cnerium.Store) cnerium.Store { return &credulous{s} }},
	"has no place before the first":    {"Events", func(s cnerium.Store) cnerium.Store { return &headless{s} }},
	"is behind with its head":          {"Events", func(s cnerium.Store) cnerium.Store { return &late{Store: s} }},
	"drops subjects":                   {"Events", func(s cnerium.Store) cnerium.Store { return &vague{s} }},
	"returns no cursor from Commit":    {"Commit", func(s cnerium.Store) cnerium.Store { return &mute{s} }},
	"returns the first event's cursor": {"Commit", func(s cnerium.Store) cnerium.Store { return &hasty{s} }},
	"forgets what is published":        {"Marks", func(s cnerium.Store) cnerium.Store { return &forgetful{s} }},
	"has one mark for all":             {"Marks", func(s cnerium.Store) cnerium.Store { return &lumping{s} }},
	"ignores case in names":            {"Marks", func(s cnerium.Store) cnerium.Store { return &folding{s} }},
	"cuts names that are too long":     {"Marks", func(s cnerium.Store) cnerium.Store { return &cutting{s} }},
	"lets marks go back":               {"Marks", func(s cnerium.Store) cnerium.Store { return newRestless(s) }},
	"does not hold events for marks":   {"Sweep", func(s cnerium.Store) cnerium.Store { return newRestless(s) }},
}

const waitsForEver = "waits for ever"

type endless struct{ cnerium.Store }

func (s *endless) Lookup(ctx context.Context, _ cnerium.ID) (cnerium.Record, error) {
	<-ctx.Done()
	return cnerium.Record{}, ctx.Err()
}

type unheard struct{ cnerium.Store }

func (*unheard) LikelyAbsent(cnerium.ID) bool { return true }

type joining struct{ cnerium.Store }

func together(id cnerium.ID) cnerium.ID { return cnerium.ID{Key: id.Scope + id.Operation + id.Key} }

func (s *joining) Lookup(ctx context.Context, id cnerium.ID) (cnerium.Record, error) {
	record, err := s.Store.Lookup(ctx, together(id))
	record.ID = id
	return record, err
}

func (s *joining) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	id := claim.ID
	claim.ID = together(id)
	record, lease, err := s.Store.Reserve(ctx, claim)
	record.ID = id
	return record, lease, err
}

type generous struct{ cnerium.Store }

func (s *generous) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	record, lease, err := s.Store.Reserve(ctx, claim)
	if err == nil && lease == nil && record.State == cnerium.StateReserved {
		lease = &cnerium.Lease{ID: claim.ID, Token: -1, Attempt: 1}
	}
	return record, lease, err
}

// unfenced lets every lease do what the newest may.
type unfenced struct {
	cnerium.Store
	newest cnerium.Lease
}

func (s *unfenced) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	record, lease, err := s.Store.Reserve(ctx, claim)
	if lease != nil && lease.Attempt > 1 {
		s.newest = *lease
	}
	return record, lease, err
}

func (s *unfenced) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	if lease.ID == s.newest.ID {
		lease = &s.newest
	}
	return s.Store.Commit(ctx, lease, outcome)
}

type reviving struct{ cnerium.Store }

func (s *reviving) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	record, err := s.Lookup(ctx, lease.ID)
	if err == nil && record.State == cnerium.StateUnknown {
		return nil
	}
	return s.Store.Renew(ctx, lease, d)
}

type hopeful struct{ cnerium.Store }

func (s *hopeful) Lookup(ctx context.Context, id cnerium.ID) (cnerium.Record, error) {
	record, err := s.Store.Lookup(ctx, id)
	if err != nil {
		return cnerium.Record{ID: id}, nil
	}
	return record, nil
}

type flattening struct{ cnerium.Store }

func (s *flattening) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	response, err := outcome.Response.Response()
	if err == nil {
		for name, values := range response.Header {
			response.Header[name] = values[:min(1, len(values))]
		}
		outcome.Response.Header = response.Stored().Header
	}
	return s.Store.Commit(ctx, lease, outcome)
}

type aliasing struct {
	cnerium.Store
	given []cnerium.Event
}

func (s *aliasing) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	s.given = outcome.Events
	return s.Store.Commit(ctx, lease, outcome)
}

func (s *aliasing) Events(ctx context.Context, after string, limit int) ([]cnerium.Event, error) {
	events, err := s.Store.Events(ctx, after, limit)
	if len(events) == 1 && len(s.given) == 1 {
		events[0].Data = s.given[0].Data
	}
	return events, err
}

type hoarding struct{ cnerium.Store }

func (s *hoarding) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	if outcome.Retention > 0 {
		outcome.Retention += time.Millisecond
	}
	return s.Store.Commit(ctx, lease, outcome)
}

type greedy struct{ cnerium.Store }

func (s *greedy) Sweep(ctx context.Context, limit int) (int, error) {
	n, err := s.Store.Sweep(ctx, 1000)
	return min(n, limit), err
}

type silent struct{ cnerium.Store }

func (s *silent) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	outcome.Events = outcome.Events[:min(1, len(outcome.Events))]
	return s.Store.Commit(ctx, lease, outcome)
}
