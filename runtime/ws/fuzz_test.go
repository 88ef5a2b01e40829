package ws_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/ws"
)

// FuzzClientMessages sends one message, and requires the answer that the
// protocol has for it: a notice, or the right end.
func FuzzClientMessages(f *testing.F) {
	f.Add([]byte(`{"action":"subscribe","rooms":["a","b"]}`), true)
	f.Add([]byte(`{"action":"unsubscribe","rooms":["a"]}`), true)
	f.Add([]byte(`{"action":"subscribe","rooms":[""]}`), true)
	f.Add([]byte(`{"action":"subscribe"}`), true)
	f.Add([]byte(`{"ACTION":"subscribe","action":null,"rooms":null}`), true)
	f.Add([]byte(`{"action":"publish"}`), true)
	f.Add([]byte("\xff"), true)
	f.Add([]byte(`{}`), false)
	f.Add([]byte(strings.Repeat("[", 100)), true)
	url := fuzzed(f)
	f.Fuzz(func(t *testing.T, text []byte, isText bool) {
		kind := websocket.MessageBinary
		if isText {
			kind = websocket.MessageText
		}
		conn, _ := join(t, url)
		_ = conn.Write(t.Context(), kind, text) // the hub may be faster
		answer, err := read(t.Context(), conn)
		status := websocket.CloseStatus(err)
		switch {
		case !isText:
			require.Equal(t, websocket.StatusUnsupportedData, status)
		case len(text) > 32<<10:
			require.Equal(t, websocket.StatusMessageTooBig, status)
		case !utf8.Valid(text) || !json.Valid(text):
			require.Equal(t, websocket.StatusInvalidFramePayloadData, status)
		case err != nil:
			require.Equal(t, websocket.StatusPolicyViolation, status)
		default:
			require.Contains(t, []string{"subscribed", "unsubscribed", "error"}, answer.Notice)
			require.NoError(t, conn.Ping(conn.CloseRead(t.Context())), "the connection has ended")
		}
	})
}

// fuzzed returns the address of a hub, which has to end in peace.
func fuzzed(f *testing.F) string {
	f.Helper()
	s := newSite(f, &ws.Options{Authorize: anyRoom})
	url := listen(f, s.hub)
	f.Cleanup(func() { require.NoError(f, s.hub.Close(context.Background())) })
	return url
}

// FuzzClientBytes sends anything after the handshake, and requires that the
// hub is through with the client soon after it has no more to say.
func FuzzClientBytes(f *testing.F) {
	const mask = "\x00\x00\x00\x00"
	f.Add([]byte("\x81\x82" + mask + "{}"))
	f.Add([]byte("\x01\x81" + mask + "{" + "\x89\x80" + mask + "\x80\x81" + mask + "}"))
	f.Add([]byte("\x88\x82" + mask + "\x03\xe8"))
	f.Add([]byte("\x81\x02{}"))
	f.Add([]byte("\xf1\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x8a\x80" + mask + "\x80\x80" + mask))
	url := strings.TrimPrefix(fuzzed(f), "http://")
	f.Fuzz(func(t *testing.T, bytes []byte) {
		conn, err := net.Dial("tcp", url)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		require.NoError(t, upgrade(conn))
		_, _ = conn.Write(bytes) // the hub may have enough before the end
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err = io.Copy(io.Discard, conn)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is still open")
	})
}
