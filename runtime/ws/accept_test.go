package ws_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/ws"
)

func TestForeignOriginIsRefused(t *testing.T) {
	t.Parallel()
	_, url := serve(t, nil)
	resp := refused(t, url, http.Header{"Origin": {"https://evil.example"}})
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestOriginOfTheSameHostPasses(t *testing.T) {
	t.Parallel()
	_, url := serve(t, nil)
	dial(t, url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {url}}})
}

func TestAllowedOriginsPass(t *testing.T) {
	t.Parallel()
	_, url := serve(t, &ws.Options{AllowedOrigins: []string{"*.shop.example", "https://admin.example"}})
	for origin, allowed := range map[string]bool{
		"https://www.shop.example":      true,
		"http://WWW.shop.example":       true,
		"https://admin.example":         true,
		"http://admin.example":          false,
		"https://shop.example.evil.com": false,
		"null":                          false,
	} {
		header := http.Header{"Origin": {origin}}
		if allowed {
			dial(t, url, &websocket.DialOptions{HTTPHeader: header})
		} else {
			require.Equal(t, http.StatusForbidden, refused(t, url, header).StatusCode, origin)
		}
	}
}

func TestRequestForNoWebSocketIsAnswered426(t *testing.T) {
	t.Parallel()
	_, url := serve(t, nil)
	resp, err := http.Get(url)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusUpgradeRequired, resp.StatusCode)
	require.Equal(t, "websocket", resp.Header.Get("Upgrade"))
}

func TestConnectionThatCannotBeTakenOverIsAnswered501(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", strings.Repeat("A", 22)+"==")
	w := httptest.NewRecorder()
	ws.NewHub(nil).ServeHTTP(w, r)
	require.Equal(t, http.StatusNotImplemented, w.Code)
}

// lateWriter delays its header until it is told to send it, as Gin does.
type lateWriter struct {
	http.ResponseWriter
	status int
}

func (w *lateWriter) WriteHeader(status int) { w.status = status }

func (w *lateWriter) WriteHeaderNow() { w.ResponseWriter.WriteHeader(w.status) }

func (w *lateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestWorksBehindWrappedResponseWriter(t *testing.T) {
	t.Parallel()
	hub := ws.NewHub(nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.ServeHTTP(&lateWriter{ResponseWriter: w}, r)
	}))
	defer server.Close()
	conn := dial(t, server.URL, nil)
	publish(t, hub, 1, 1)
	requireIDs(t, conn, 1, 1)
	_ = conn.CloseNow()
	require.NoError(t, hub.Close(context.Background()))
}
