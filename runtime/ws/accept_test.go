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
	s := serve(t, nil)
	resp := refused(t, s.url, http.Header{"Origin": {"https://evil.example"}})
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestOriginOfTheSameHostPasses(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	dial(t, s.url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {s.url}}})
}

func TestAllowedOriginsPass(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{AllowedOrigins: []string{"*.shop.example", "https://admin.example"}})
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
			dial(t, s.url, &websocket.DialOptions{HTTPHeader: header})
		} else {
			require.Equal(t, http.StatusForbidden, refused(t, s.url, header).StatusCode, origin)
		}
	}
}

func TestRequestForNoWebSocketIsAnswered426(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	resp, err := http.Get(s.url)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusUpgradeRequired, resp.StatusCode)
	require.Equal(t, "websocket", resp.Header.Get("Upgrade"))
	require.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
}

func TestHandshakeThatIsWrongIsRefusedAndNotCounted(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{MaxClients: 1})
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, nil)
		require.NoError(t, err)
		req.Header = http.Header{
			"Connection":            {"keep-alive, upgrade"},
			"Upgrade":               {"WebSocket"},
			"Sec-Websocket-Version": {"8"},
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusBadRequest, resp.StatusCode)
		require.Equal(t, "13", resp.Header.Get("Sec-WebSocket-Version"))
	}
	eventually(t, s.url)
}

func TestWorksOverTLS(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	server := httptest.NewTLSServer(s.hub)
	defer server.Close()
	conn := dial(t, server.URL, &websocket.DialOptions{HTTPClient: server.Client()})
	require.Equal(t, "welcome", next(t, conn).Notice)
	s.publish(t, 1, 500) // several records
	requireIDs(t, conn, 1, 500)
	closed := make(chan error)
	go func() { closed <- s.hub.Close(context.Background()) }()
	requireClosed(t, conn, websocket.StatusGoingAway, "connect again")
	require.NoError(t, <-closed)
}

func TestConnectionThatCannotBeTakenOverIsAnswered501(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", strings.Repeat("A", 22)+"==")
	w := httptest.NewRecorder()
	newSite(t, nil).hub.ServeHTTP(w, r)
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
	s := newSite(t, nil)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hub.ServeHTTP(&lateWriter{ResponseWriter: w}, r)
	}))
	conn, _ := join(t, url)
	s.publish(t, 1, 1)
	requireIDs(t, conn, 1, 1)
	_ = conn.CloseNow()
	require.NoError(t, s.hub.Close(context.Background()))
}
