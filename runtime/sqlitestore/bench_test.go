package sqlitestore_test

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// parallelism is the number of goroutines for each processor.
var parallelism = []int{1, 8, 32}

func BenchmarkReserveCommit(b *testing.B) {
	body := strings.Repeat("x", 200)
	eachStore(b, func(b *testing.B, store cnerium.Store) {
		var keys atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, lease, err := store.Reserve(b.Context(), claim(strconv.FormatInt(keys.Add(1), 10)))
				require.NoError(b, err)
				commit(b, store, lease, outcome(body))
			}
		})
	})
}

func BenchmarkLookup(b *testing.B) {
	eachStore(b, func(b *testing.B, store cnerium.Store) {
		lease := reserve(b, store, "k")
		commit(b, store, lease, outcome(strings.Repeat("x", 200)))
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				record, err := store.Lookup(b.Context(), lease.ID)
				if err != nil || record.State != cnerium.StateCommitted {
					b.Errorf("Lookup = %v, %v", record.State, err)
				}
			}
		})
	})
}

func eachStore(b *testing.B, run func(b *testing.B, store cnerium.Store)) {
	for _, medium := range []string{"file", "memory"} {
		for _, p := range parallelism {
			b.Run(medium+"/parallelism="+strconv.Itoa(p), func(b *testing.B) {
				path := ":memory:"
				if medium == "file" {
					path = file(b)
				}
				store := open(b, path)
				b.SetParallelism(p)
				b.ReportAllocs()
				run(b, store)
			})
		}
	}
}
