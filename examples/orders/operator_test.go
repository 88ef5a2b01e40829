package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// held returns GET /admin/unknown.
func (s *shop) held(t *testing.T) []Held {
	t.Helper()
	r := s.get(t, "/admin/unknown")
	require.Equal(t, http.StatusOK, r.status)
	var list struct {
		Unknown []Held `json:"unknown"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &list))
	return list.Unknown
}

// settle posts a resolution and requires a status.
func (s *shop) settle(t *testing.T, status int, body string) {
	t.Helper()
	r := s.post(t, "/admin/unknown/resolve", "", body)
	require.Equal(t, status, r.status, r.body)
}

func TestOperatorSeesNothingWhenNothingIsHeld(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		s.post(t, "/payments", "k1", fiveEuros)
		require.Equal(t, `{"unknown":[]}`, s.get(t, "/admin/unknown").body)
	})
}

func TestResolutionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		s.post(t, "/payments", "k1", fiveEuros)
		for _, body := range []string{
			`release`,
			`{"operation":"payments.refund","key":"k1","action":"release"}`,
			`{"operation":"payments.create","key":"k1","action":"forget"}`,
			`{"operation":"payments.create","key":"k1","action":"store"}`,
			`{"operation":"payments.create","key":"k1","action":"store","status":201}`,
			`{"operation":"payments.create","key":"k1","action":"store","status":503,"body":{}}`,
		} {
			s.settle(t, http.StatusBadRequest, body)
		}
		s.settle(t, http.StatusConflict, `{"operation":"payments.create","key":"k1","action":"release"}`)
		s.settle(t, http.StatusConflict, `{"operation":"payments.create","key":"k2","action":"release"}`)
		require.Equal(t, "true", s.post(t, "/payments", "k1", fiveEuros).replayed())
	})
}

func TestOnlyThisMachineReachesTheOperatorsDoor(t *testing.T) {
	t.Parallel()
	reached := 0
	door := thisMachineOnly(func(http.ResponseWriter, *http.Request) { reached++ })
	for _, c := range []struct {
		from, host, origin string
		status             int
	}{
		{"127.0.0.1:4000", "127.0.0.1:8080", "", http.StatusOK},
		{"[::1]:4000", "localhost:8080", "http://localhost:8080", http.StatusOK},
		{"192.0.2.7:4000", "127.0.0.1:8080", "", http.StatusForbidden},
		{"127.0.0.1:4000", "shop.example", "http://shop.example", http.StatusForbidden}, // a name that points here
		{"127.0.0.1:4000", "127.0.0.1:8080", "https://evil.example", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://"+c.host+"/admin/unknown/resolve", strings.NewReader("{}"))
		r.RemoteAddr = c.from
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		require.Equal(t, c.status, w.Code, c)
	}
	require.Equal(t, 2, reached)
}
