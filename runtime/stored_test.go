package cnerium_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func FuzzHeaderComesBackAsItWas(f *testing.F) {
	f.Add("Content-Type", "text/plain", "Link", "<a>", "<b>")
	f.Add("X-Latin", "caf\xe9", "", "", "\x00\n")
	f.Fuzz(func(t *testing.T, name, value, other, first, second string) {
		name, other = "X-"+strings.ToUpper(name), "Y-"+strings.ToUpper(other) // nothing that is left out
		name, other = http.CanonicalHeaderKey(name), http.CanonicalHeaderKey(other)
		header := http.Header{name: {value}, other: {first, second}}
		stored := (&cnerium.Response{Header: header}).Stored()
		got, err := stored.Response()
		require.NoError(t, err)
		require.Equal(t, header, got.Header)
		require.Equal(t, stored, got.Stored())
		for cut := range stored.Header {
			// A part is an error or a header with less in it.
			got, err := cnerium.StoredResponse{Header: stored.Header[:cut]}.Response()
			require.True(t, err != nil || len(got.Header) < len(header), "the first %d bytes", cut)
		}
	})
}

func FuzzDamagedHeaderIsAnErrorOrSomeHeader(f *testing.F) {
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Add("\x01a\xff\xff\xff\xff\x0f")
	f.Add(string((&cnerium.Response{Header: http.Header{"A": {"b", "c"}, "D": nil}}).Stored().Header))
	f.Fuzz(func(t *testing.T, data string) {
		got, err := cnerium.StoredResponse{Status: 200, Header: cnerium.StoredHeader(data)}.Response()
		if err != nil {
			return
		}
		values := 0
		for name, all := range got.Header {
			values += len(all)
			require.LessOrEqual(t, len(name), len(data))
		}
		require.LessOrEqual(t, values, len(data))
		again, err := got.Stored().Response()
		require.NoError(t, err)
		require.Equal(t, got.Stored(), again.Stored())
	})
}

func TestResponseIsStoredWithoutWhatBelongsToTheConnectionAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	header := http.Header{
		"Location": {"/orders/1"}, "x-lower": {"a"}, "X-Lower": {"b"}, "Set-Cookie": {"s"}, "Proxy-Authenticate": {"p"},
		"Connection": {"X-Hop"}, "X-Hop": {"h"}, "Content-Length": {"3"},
	}
	stored := (&cnerium.Response{Header: header, Body: []byte("abc")}).Stored()
	require.Equal(t, 200, stored.Status)
	got, err := stored.Response()
	require.NoError(t, err)
	require.Equal(t, []byte("abc"), got.Body)
	require.ElementsMatch(t, []string{"a", "b"}, got.Header["X-Lower"])
	delete(got.Header, "X-Lower")
	require.Equal(t, http.Header{"Location": {"/orders/1"}}, got.Header)
}

func TestADamagedHeaderIsAnsweredWithAnErrorAndExecutesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, create(accept()))
	first := s.do(request{key: "whole", body: body})
	id := cnerium.ID{Operation: "orders.create", Key: "whole"}
	rec, err := s.store.Lookup(t.Context(), id)
	require.NoError(t, err)
	id.Key = "damaged"
	_, lease, err := s.store.Reserve(t.Context(), cnerium.Claim{ID: id, Fingerprint: rec.Fingerprint, Lease: time.Minute})
	require.NoError(t, err)
	rec.Response.Header = rec.Response.Header[:len(rec.Response.Header)-1]
	_, err = s.store.Commit(t.Context(), lease, cnerium.Outcome{Response: rec.Response, Retention: time.Hour})
	require.NoError(t, err)
	s.do(request{key: "damaged", body: body}).problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable)
	s.do(request{key: "whole", body: body}).replayed(t, first)
	require.EqualValues(t, 1, s.runs.Load())
}

func TestResponseWithoutAHeaderTakesNoBytesForIt(t *testing.T) {
	t.Parallel()
	require.Empty(t, cnerium.NoContent().Stored().Header)
	require.Empty(t, (&cnerium.Response{Status: 204, Header: http.Header{}, Body: []byte("left out")}).Stored().Body)
	require.True(t, cnerium.StoredResponse{}.IsZero())
	require.False(t, cnerium.NoContent().Stored().IsZero())
}
