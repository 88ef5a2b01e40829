package sqlitestore_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// BenchmarkReserveCommit is a plain request: two durable steps.
func BenchmarkReserveCommit(b *testing.B) {
	body := strings.Repeat("x", 200)
	eachLoad(b, func(b *testing.B, store *sqlitestore.Store, next func() string) {
		for key := next(); key != ""; key = next() {
			_, lease, err := store.Reserve(b.Context(), claim(key))
			if err == nil {
				_, err = store.Commit(b.Context(), lease, quiet(body))
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkTransact is a transactional request: a row, an event and the record.
func BenchmarkTransact(b *testing.B) {
	body := strings.Repeat("x", 200)
	eachLoad(b, func(b *testing.B, store *sqlitestore.Store, next func() string) {
		for key := next(); key != ""; key = next() {
			_, err := store.Transact(b.Context(), claim(key), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
				_, err := sqlitestore.TxFrom(ctx).ExecContext(ctx, "INSERT INTO orders (product) VALUES (?)", key)
				return outcome(body), err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkLookup is a replay.
func BenchmarkLookup(b *testing.B) {
	eachLoad(b, func(b *testing.B, store *sqlitestore.Store, next func() string) {
		for key := next(); key != ""; key = next() {
			record, err := store.Lookup(b.Context(), claim("k").ID)
			if err != nil || record.State != cnerium.StateCommitted {
				b.Errorf("Lookup = %v, %v", record.State, err)
			}
		}
	})
}

// BenchmarkLookupAbsent is the first look of a request with a new key.
func BenchmarkLookupAbsent(b *testing.B) {
	eachLoad(b, func(b *testing.B, store *sqlitestore.Store, next func() string) {
		for key := next(); key != ""; key = next() {
			record, err := store.Lookup(b.Context(), claim(key).ID)
			if err != nil || record.State != cnerium.StateAbsent {
				b.Errorf("Lookup = %v, %v", record.State, err)
			}
		}
	})
}

// quiet is an outcome without events.
func quiet(body string) cnerium.Outcome {
	o := outcome(body)
	o.Events = nil
	return o
}

// eachLoad runs clients on a store in a file that has the committed record
// "k". next returns a new key, and "" at the end.
func eachLoad(b *testing.B, run func(b *testing.B, store *sqlitestore.Store, next func() string)) {
	for _, clients := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			db := pool(b, file(b))
			_, err := db.Exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, product TEXT)")
			require.NoError(b, err)
			store, err := sqlitestore.New(b.Context(), db, nil)
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, store.Close()) })
			commit(b, store, reserve(b, store, "k"), outcome(strings.Repeat("x", 200)))
			var keys atomic.Int64
			b.ReportAllocs()
			b.SetParallelism(clients / runtime.GOMAXPROCS(0))
			if clients == 1 {
				run(b, store, func() string {
					if !b.Loop() {
						return ""
					}
					return strconv.FormatInt(keys.Add(1), 10)
				})
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				run(b, store, func() string {
					if !pb.Next() {
						return ""
					}
					return strconv.FormatInt(keys.Add(1), 10)
				})
			})
		})
	}
}

// BenchmarkLookupUncached is a replay that has to read the database.
func BenchmarkLookupUncached(b *testing.B) {
	store, err := sqlitestore.Open(b.Context(), file(b), uncached)
	require.NoError(b, err)
	commit(b, store, reserve(b, store, "k"), outcome(strings.Repeat("x", 200)))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			record, err := store.Lookup(b.Context(), claim("k").ID)
			if err != nil || record.State != cnerium.StateCommitted {
				b.Errorf("Lookup = %v, %v", record.State, err)
			}
		}
	})
	require.NoError(b, store.Close())
}
