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
	storetest.Run(t, storetest.Config{
		Open: func(_ *testing.T, now func() time.Time) cnerium.Store {
			return memstore.New(&memstore.Options{Now: now})
		},
	})
}

func TestNegativeEventRetentionDropsEventsOncePublished(t *testing.T) {
	t.Parallel()
	store := memstore.New(&memstore.Options{EventRetention: -1})
	ctx := t.Context()
	_, lease, err := store.Reserve(ctx, claim("k"))
	require.NoError(t, err)
	require.NoError(t, store.Commit(ctx, lease, outcome()))

	swept, err := store.Sweep(ctx, 10)
	require.NoError(t, err)
	require.Zero(t, swept)

	events, err := store.Events(ctx, "", 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.NoError(t, store.MarkPublished(ctx, events[0].Cursor))
	swept, err = store.Sweep(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, swept)
}

func ExampleNew() {
	ctx := context.Background()
	store := memstore.New(nil)
	defer store.Close()

	id := cnerium.ID{Operation: "orders.create", Key: "6f1c"}
	_, lease, _ := store.Reserve(ctx, cnerium.Claim{ID: id, Lease: time.Minute})
	_ = store.Commit(ctx, lease, cnerium.Outcome{Response: cnerium.Text(201, "placed"), Retention: time.Hour})

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
		Response:  cnerium.Bytes(201, "application/json", make([]byte, 200)),
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
			require.NoError(b, store.Commit(b.Context(), lease, outcome()))
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	store := memstore.New(nil)
	_, lease, err := store.Reserve(b.Context(), claim("k"))
	require.NoError(b, err)
	require.NoError(b, store.Commit(b.Context(), lease, outcome()))
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
