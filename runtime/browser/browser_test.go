package browser_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/testenv"
	"github.com/cnerium/cnerium-go/runtime/browser"
)

func serve(method string, header http.Header) *http.Response {
	r := httptest.NewRequest(method, "/anything.js", nil)
	r.Header = header
	w := httptest.NewRecorder()
	browser.Module().ServeHTTP(w, r)
	return w.Result()
}

func TestModuleIsServedAsAScript(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("cnerium.js")
	require.NoError(t, err)
	resp := serve(http.MethodGet, http.Header{})
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/javascript; charset=utf-8", resp.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
	var got strings.Builder
	require.NoError(t, resp.Write(&got))
	require.Contains(t, got.String(), string(want))

	resp = serve(http.MethodHead, http.Header{})
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.EqualValues(t, len(want), resp.ContentLength)
	require.NoError(t, resp.Body.Close())
}

func TestModuleIsAskedForEachTimeAndSentWhenItIsNew(t *testing.T) {
	t.Parallel()
	resp := serve(http.MethodGet, http.Header{})
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "no-cache", resp.Header.Get("Cache-Control"))
	tag := resp.Header.Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{32}"$`, tag)

	resp = serve(http.MethodGet, http.Header{"If-None-Match": {tag}})
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNotModified, resp.StatusCode)
	resp = serve(http.MethodGet, http.Header{"If-None-Match": {`"of another version"`}})
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestModuleIsOnlyRead(t *testing.T) {
	t.Parallel()
	resp := serve(http.MethodPost, http.Header{})
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.Equal(t, "GET, HEAD", resp.Header.Get("Allow"))
}

func TestModuleNeedsNoLooserPolicy(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("cnerium.js")
	require.NoError(t, err)
	require.NotRegexp(t, `eval\(|new Function|innerHTML|document\.write|import\(|https?://`, string(script))
}

// TestModuleConnectsResumesAndBacksOff runs the tests in testdata with node,
// against a server, a clock and a browser that they make themselves.
func TestModuleConnectsResumesAndBacksOff(t *testing.T) {
	t.Parallel()
	node := testenv.Node(t)
	out, err := exec.CommandContext(t.Context(), node, "--test", "testdata/connect.test.mjs", "testdata/fallback.test.mjs", "testdata/rooms.test.mjs").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Regexp(t, `(?m)^. pass [1-9]`, string(out))
}
