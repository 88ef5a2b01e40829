package modeltest_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// mutantName is the environment variable that makes the test binary look for
// what is broken in the store that it names. The parent expects it to fail.
const mutantName = "CNERIUM_TEST_MUTANT"

// mutants are stores that are wrong in one way.
var mutants = map[string]func(good cnerium.Store) cnerium.Store{
	"ignores the fencing token": func(good cnerium.Store) cnerium.Store {
		return &unfenced{Store: good, newest: map[cnerium.ID]*cnerium.Lease{}}
	},
	"remembers that a record was absent": func(good cnerium.Store) cnerium.Store {
		return &stale{Store: good, absent: map[cnerium.ID]int{}}
	},
	"frees a key that somebody else holds": func(good cnerium.Store) cnerium.Store {
		return &freeing{unfenced{Store: good, newest: map[cnerium.ID]*cnerium.Lease{}}}
	},
}

// forgetting are stores that keep events longer or shorter than they should.
var forgetting = map[string]func(opts *memstore.Options){
	"keeps any number of events":    func(opts *memstore.Options) { opts.MaxEvents = -1 },
	"keeps too few events":          func(opts *memstore.Options) { opts.MaxEvents-- },
	"holds events for no publisher": func(opts *memstore.Options) { opts.UnpublishedRetention = -1 },
	"holds events for ever":         func(opts *memstore.Options) { opts.UnpublishedRetention *= 100 },
}

func config(breaks func(good cnerium.Store) cnerium.Store) storetest.Config {
	return storetest.Config{
		Open: func(_ *testing.T, now func() time.Time) cnerium.Store {
			return breaks(memstore.New(options(now)))
		},
	}
}

func options(now func() time.Time) *memstore.Options {
	return &memstore.Options{
		Now:                  now,
		EventRetention:       storetest.EventRetention,
		UnpublishedRetention: storetest.UnpublishedRetention,
		MaxEvents:            storetest.MaxEvents,
	}
}

// TestRandomHistoriesFindWhatIsBroken shows that the model bites.
func TestRandomHistoriesFindWhatIsBroken(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	names := slices.AppendSeq(slices.Collect(maps.Keys(mutants)), maps.Keys(forgetting))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestMutant$",
				"-rapid.checks=500", "-rapid.nofailfile", "-rapid.shrinktime=1s")
			cmd.Env = append(os.Environ(), mutantName+"="+name)
			output, err := cmd.CombinedOutput()
			require.Error(t, err, "the broken store passed")
			require.Contains(t, string(output), "--- FAIL: TestMutant")
			require.Contains(t, string(output), "[rapid] failed after")
		})
	}
}

// TestMutant is the child of TestRandomHistoriesFindWhatIsBroken.
func TestMutant(t *testing.T) {
	name := os.Getenv(mutantName)
	if spoil := forgetting[name]; spoil != nil {
		modeltest.Histories(t, storetest.Config{
			Open: func(_ *testing.T, now func() time.Time) cnerium.Store {
				opts := options(now)
				spoil(opts)
				return memstore.New(opts)
			},
		}, false)
		return
	}
	breaks := mutants[name]
	if breaks == nil {
		t.Skip("runs as a child only")
	}
	modeltest.Histories(t, config(breaks), false)
}

// TestConcurrentHistoriesFindWhatIsBroken shows that the check for
// linearizability bites. A history in which nothing went wrong is possible,
// but not many of them.
func TestConcurrentHistoriesFindWhatIsBroken(t *testing.T) {
	t.Parallel()
	load := modeltest.Load{Clients: 8, Steps: 60, Keys: 12}
	for name, breaks := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, finds(t, load, breaks), "the broken store passed")
		})
	}
	t.Run("and finds nothing where nothing is", func(t *testing.T) {
		t.Parallel()
		require.False(t, finds(t, load, func(good cnerium.Store) cnerium.Store { return good }))
	})
}

// finds reports whether one of many histories is not linearizable.
func finds(t *testing.T, load modeltest.Load, breaks func(good cnerium.Store) cnerium.Store) bool {
	for range 50 {
		history, err := load.Record(t.Context(), config(breaks).Open(t, modeltest.Clock))
		require.NoError(t, err)
		if !modeltest.Linearizable(history) {
			return true
		}
	}
	return false
}

// unfenced lets a lease of yesterday commit for whoever holds the record now.
type unfenced struct {
	cnerium.Store
	mu     sync.Mutex
	newest map[cnerium.ID]*cnerium.Lease
}

func (s *unfenced) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, lease, err := s.Store.Reserve(ctx, claim)
	if lease != nil {
		s.newest[lease.ID] = lease
	}
	return record, lease, err
}

func (s *unfenced) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.Commit(ctx, s.newest[lease.ID], outcome)
}

// freeing lets any lease release the record.
type freeing struct{ unfenced }

func (s *freeing) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	return s.Store.Commit(ctx, lease, outcome)
}

func (s *freeing) Release(ctx context.Context, lease *cnerium.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.Release(ctx, s.newest[lease.ID])
}

// stale answers a few look-ups of a record from what it knew of it.
type stale struct {
	cnerium.Store
	mu     sync.Mutex
	absent map[cnerium.ID]int // look-ups that are still to be answered so
}

func (s *stale) Lookup(ctx context.Context, id cnerium.ID) (cnerium.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.absent[id] > 0 {
		s.absent[id]--
		return cnerium.Record{ID: id}, nil
	}
	record, err := s.Store.Lookup(ctx, id)
	if err == nil && record.State == cnerium.StateAbsent {
		s.absent[id] = 3
	}
	return record, err
}
