package memstore_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

func TestStoreKeepsTheLaw(t *testing.T) {
	t.Parallel()
	storetest.Run(t, inMemory)
}

// lawful are the options that the law asks for.
func lawful(now func() time.Time) *memstore.Options {
	return &memstore.Options{
		Now:                  now,
		EventRetention:       storetest.EventRetention,
		UnpublishedRetention: storetest.UnpublishedRetention,
		MaxEvents:            storetest.MaxEvents,
	}
}

func TestNegativeEventRetentionDropsEventsOncePublished(t *testing.T) {
	t.Parallel()
	store := memstore.New(&memstore.Options{EventRetention: -1})
	ctx := t.Context()
	beginning, err := store.Head(ctx)
	require.NoError(t, err)
	require.NoError(t, store.MarkPublished(ctx, "mail", beginning))
	cursor := commit(t, store, "k")
	require.Zero(t, sweep(t, store))
	require.NoError(t, store.MarkPublished(ctx, "mail", cursor))
	require.Equal(t, 1, sweep(t, store))
}

func TestNegativeUnpublishedRetentionWaitsForNobody(t *testing.T) {
	t.Parallel()
	store := memstore.New(&memstore.Options{EventRetention: -1, UnpublishedRetention: -1})
	beginning, err := store.Head(t.Context())
	require.NoError(t, err)
	require.NoError(t, store.MarkPublished(t.Context(), "mail", beginning))
	commit(t, store, "k")
	require.Equal(t, 1, sweep(t, store))
}

func TestUnpublishedEventsAreKeptAtLeastAsLongAsOthers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	store := memstore.New(&memstore.Options{
		Now:                  func() time.Time { return now },
		EventRetention:       3 * time.Hour,
		UnpublishedRetention: time.Hour,
	})
	commit(t, store, "k")
	now = now.Add(2 * time.Hour)
	require.Equal(t, 1, sweep(t, store)) // the record
	now = now.Add(time.Hour)
	require.Equal(t, 1, sweep(t, store))
}

func TestNegativeMaxEventsIsNoLimit(t *testing.T) {
	t.Parallel()
	store := memstore.New(&memstore.Options{MaxEvents: -1})
	for i := range 5 {
		commit(t, store, strconv.Itoa(i))
	}
	require.Zero(t, sweep(t, store))
}

func commit(t *testing.T, store *memstore.Store, key string) string {
	t.Helper()
	_, lease, err := store.Reserve(t.Context(), claim(key))
	require.NoError(t, err)
	cursor, err := store.Commit(t.Context(), lease, outcome())
	require.NoError(t, err)
	return cursor
}

func sweep(t *testing.T, store *memstore.Store) int {
	t.Helper()
	n, err := store.Sweep(t.Context(), 10)
	require.NoError(t, err)
	return n
}

func ExampleNew() {
	ctx := context.Background()
	store := memstore.New(nil)
	defer store.Close()

	id := cnerium.ID{Operation: "orders.create", Key: "6f1c"}
	_, lease, _ := store.Reserve(ctx, cnerium.Claim{ID: id, Lease: time.Minute})
	_, _ = store.Commit(ctx, lease, cnerium.Outcome{Response: cnerium.Text(201, "placed").Stored(), Retention: time.Hour})

	record, _ := store.Lookup(ctx, id)
	fmt.Printf("%s: %s\n", record.State, record.Response.Body)
	// Output: committed: placed
}

func claim(key string) cnerium.Claim {
	return cnerium.Claim{
		ID:          cnerium.ID{Scope: "tenant", Operation: "orders.create", Key: key},
		Fingerprint: cnerium.Fingerprint{1},
		Lease:       time.Minute,
	}
}

func outcome() cnerium.Outcome {
	return cnerium.Outcome{
		Response:  cnerium.Bytes(201, "application/json", make([]byte, 200)).Stored(),
		Events:    []cnerium.Event{{Operation: "orders.create", Type: "order.created", Data: []byte("{}")}},
		Retention: time.Hour,
	}
}

func BenchmarkReserveCommit(b *testing.B) {
	store := memstore.New(nil)
	var keys atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, lease, err := store.Reserve(b.Context(), claim(strconv.FormatInt(keys.Add(1), 10)))
			require.NoError(b, err)
			_, err = store.Commit(b.Context(), lease, outcome())
			require.NoError(b, err)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	store := memstore.New(nil)
	_, lease, err := store.Reserve(b.Context(), claim("k"))
	require.NoError(b, err)
	_, err = store.Commit(b.Context(), lease, outcome())
	require.NoError(b, err)
	id := claim("k").ID
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			record, err := store.Lookup(b.Context(), id)
			if err != nil || record.State != cnerium.StateCommitted {
				b.Errorf("Lookup = %v, %v", record.State, err)
			}
		}
	})
}
