package cnerium_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func TestCredentialsWithoutAScopeAreWarnedOfOnce(t *testing.T) {
	t.Parallel()
	scoped := func(*http.Request) (string, error) { return "user", nil }
	for name, row := range map[string]struct {
		header string
		scope  func(*http.Request) (string, error)
		want   int
	}{
		"Authorization":             {"Authorization", nil, 1},
		"a cookie":                  {"Cookie", nil, 1},
		"no credentials":            {"X-Other", nil, 0},
		"Authorization and a scope": {"Authorization", scoped, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			opts := &cnerium.Options{Logger: slog.New(slog.NewTextHandler(&out, nil)), Scope: row.scope}
			s := serve(t, memstore.New(nil), opts, create(accept()))
			for _, key := range []string{"k1", "k2", "k2"} {
				r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
				r.Header.Set("Idempotency-Key", key)
				r.Header.Set(row.header, "secret")
				s.mux.ServeHTTP(httptest.NewRecorder(), r)
			}
			require.Equal(t, row.want, strings.Count(out.String(), "set Options.Scope"))
			require.NotContains(t, out.String(), "secret")
		})
	}
}
