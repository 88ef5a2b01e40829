package cnerium_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"testing"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// BenchmarkCapture is the path of a new key without a network: a typed handler
// beside an ordinary one that does the same.
func BenchmarkCapture(b *testing.B) {
	for _, route := range []struct {
		name  string
		route cnerium.Route
	}{
		{"typed", create(func(context.Context, order) (*cnerium.Response, error) {
			return cnerium.Bytes(http.StatusCreated, "application/json", []byte(body)), nil
		})},
		{"captured", captured(func(w http.ResponseWriter, r *http.Request) {
			var in order
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Validate() != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, body)
		})},
	} {
		b.Run(route.name, func(b *testing.B) {
			mux := http.NewServeMux()
			app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
			app.Handle(route.route)
			if err := app.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = app.Close(context.Background()) })
			benchmark(b, mux, strconv.Itoa)
		})
	}
}
