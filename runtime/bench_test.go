package cnerium_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// BenchmarkRequest is the path of a request without a network: the bare
// handler beside new keys and replays.
func BenchmarkRequest(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		mux := http.NewServeMux()
		mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
			var in order
			dec := json.NewDecoder(r.Body)
			dec.DisallowUnknownFields()
			if err := dec.Decode(&in); err != nil || in.Validate() != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(body))
		})
		benchmark(b, mux, func(int) string { return "k" })
	})
	for _, store := range []struct {
		name string
		open func(b *testing.B) cnerium.Store
	}{
		{"memstore", func(*testing.B) cnerium.Store { return memstore.New(nil) }},
		{"sqlitestore", openBench},
	} {
		b.Run(store.name+"/new", func(b *testing.B) {
			benchmark(b, durable(b, store.open(b), ""), strconv.Itoa)
		})
		b.Run(store.name+"/replay", func(b *testing.B) {
			benchmark(b, durable(b, store.open(b), ""), func(int) string { return "k" })
		})
	}
	b.Run("sqlitestore/new transactional", func(b *testing.B) {
		benchmark(b, durable(b, openBench(b), sqlitestore.Transaction), strconv.Itoa)
	})
}

func openBench(b *testing.B) cnerium.Store {
	b.Helper()
	store, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	return store
}

func durable(b *testing.B, store cnerium.Store, transaction cnerium.Transaction) http.Handler {
	b.Helper()
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, store, &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	route := create(func(context.Context, order) (*cnerium.Response, error) {
		return cnerium.Bytes(http.StatusCreated, "application/json", []byte(body)), nil
	})
	route.Transaction = transaction
	app.Handle(route)
	if err := app.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = app.Close(context.Background()) })
	return mux
}

// benchmark sends requests, all of which must be answered 201.
func benchmark(b *testing.B, handler http.Handler, key func(int) string) {
	b.Helper()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
		r.Header.Set("Idempotency-Key", key(i))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusCreated {
			b.Fatal(w.Code, w.Body)
		}
	}
}
