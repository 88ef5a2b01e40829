package modeltest

import (
	"bytes"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// FuzzResponse commits a response of whatever status, header and body, and of
// whatever key, and looks whether it comes back as it was, byte for byte. The
// body that comes back may be nil for an empty one, and so may the header.
func FuzzResponse(f *testing.F, open func(now func() time.Time) cnerium.Store) {
	var hours atomic.Int64
	store := open(func() time.Time { return time.Unix(3600*hours.Load(), 0) })
	f.Add("", "o", "k", 0, "", "", "", []byte(nil))
	f.Add("tenant", "orders.create", "k", 201, "Content-Type", "text/plain", "", []byte("hello"))
	f.Add("t\x00", "o'", `"`, 599, "X-Latin", "caf\xe9", "\x00\n", []byte{0, 0xff, 0x80})
	f.Add("", "", "", -1, "\xff", "", ",", bytes.Repeat([]byte("x"), 5000))
	f.Fuzz(func(t *testing.T, scope, operation, key string, status int, name, one, two string, body []byte) {
		if status == 0 {
			t.Skip("no response")
		}
		hours.Add(1) // whatever was stored before is over
		_, err := store.Sweep(t.Context(), 100)
		require.NoError(t, err)
		id := cnerium.ID{Scope: scope, Operation: operation, Key: key}
		header := &cnerium.Response{Header: http.Header{name: {one, two}, "X-Other": {two}}}
		want := cnerium.StoredResponse{Status: status, Header: header.Stored().Header, Body: string(body)}
		claim := cnerium.Claim{ID: id, Fingerprint: cnerium.Fingerprint{1}, Lease: time.Hour}
		rec, lease, err := store.Reserve(t.Context(), claim)
		require.NoError(t, err)
		require.NotNil(t, lease, "%+v", rec)
		outcome := cnerium.Outcome{Response: want, Retention: time.Hour}
		_, err = store.Commit(t.Context(), lease, outcome)
		require.NoError(t, err)
		rec, err = store.Lookup(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, id, rec.ID)
		require.Equal(t, want, rec.Response)
	})
}
