package main

import (
	"bytes"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/faultproxy"
)

// TestPlaceorderFinishesWhatItWasKilledFor kills the program when its order is
// placed and the answer is lost.
func TestPlaceorderFinishesWhatItWasKilledFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, file := filepath.Join(dir, "placeorder"), filepath.Join(dir, "kept.json")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./placeorder").CombinedOutput()
	require.NoError(t, err, string(output))
	s := newShop(t)
	placeorder := func(url string) *exec.Cmd {
		return exec.CommandContext(t.Context(), program, "-url", url, "-file", file, "-product", "p1", "-quantity", "2")
	}

	proxy := faultproxy.New(t, s.url, func(*http.Request) faultproxy.Fault { return faultproxy.DropResponse })
	l := s.listen(t, overWebSocket)
	killed := placeorder(proxy.URL())
	var stdout bytes.Buffer
	killed.Stdout = &stdout
	require.NoError(t, killed.Start())
	placed, err := l.next()
	require.NoError(t, err)
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait())
	require.Empty(t, stdout.String())
	require.FileExists(t, file)

	output, err = placeorder(s.url).CombinedOutput()
	require.NoError(t, err, string(output))
	require.Equal(t, placed.Subject+": placed before, 2 of p1\n", string(output))
	require.NoFileExists(t, file)
	require.Len(t, s.rows(t), 1)

	output, err = placeorder(s.url).CombinedOutput()
	require.NoError(t, err, string(output))
	require.Regexp(t, `^ord_\S+: placed, 2 of p1\n$`, string(output))
	require.NotContains(t, string(output), placed.Subject)
	require.Len(t, s.rows(t), 2)
}
