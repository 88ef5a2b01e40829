package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// asServer makes the test binary the server, so that tests have a real process
// without building it again.
const asServer = "ORDERS_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		sqlite.MustRegisterScalarFunction("die", 0, die)
		main()
	}
	pgtest.Main(m)
}

// process is a server of its own.
type process struct {
	shop

	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *bytes.Buffer // to be read after wait
}

// launch starts a server on a free port.
func launch(t *testing.T, place string) *process {
	t.Helper()
	return launchAt(t, "127.0.0.1:0", place)
}

// launchAt starts a server and waits for the first line of its output.
func launchAt(t *testing.T, addr, place string) *process {
	t.Helper()
	p := &process{stderr: new(bytes.Buffer)}
	args := []string{"-addr", addr, "-data", place}
	if isURL(place) {
		args[2] = "-store"
	}
	p.cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	p.cmd.Env = append(os.Environ(), asServer+"=1", "GORACE=atexit_sleep_ms=0")
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	p.stdout = bufio.NewReader(stdout)
	line, err := p.stdout.ReadString('\n')
	require.NoError(t, err, p.stderr)
	require.Regexp(t, `^listening on http://127\.0\.0\.1:[1-9][0-9]*\n$`, line)
	p.url = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	return p
}

// wait returns the exit code and what else came to standard output.
func (p *process) wait(t *testing.T) (int, string) {
	t.Helper()
	rest, err := io.ReadAll(p.stdout)
	require.NoError(t, err)
	_ = p.cmd.Wait() // the code says it
	return p.cmd.ProcessState.ExitCode(), string(rest)
}

// kill is kill -9. It returns when the process is gone.
func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	p.wait(t)
}

// terminate stops the process as an operator would.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	// The server would wait for connections that were dialled but not used.
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	code, _ := p.wait(t)
	require.Zero(t, code, p.stderr)
}

func TestServerStopsCleanlyOnSignals(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		data := filepath.Join(t.TempDir(), "new", "folder")
		p := launch(t, data)
		require.Equal(t, twoOfP1Answer, p.post(t, "/orders", "k1", twoOfP1).body)
		require.NoError(t, p.cmd.Process.Signal(signal))
		code, rest := p.wait(t)
		require.Zero(t, code, p.stderr)
		require.Empty(t, rest)
		require.FileExists(t, filepath.Join(data, "orders.db"))
		require.NoFileExists(t, filepath.Join(data, "orders.db-wal"))
		require.NotContains(t, p.stderr.String(), "level=ERROR")
	}
}

func TestKilledServerReplaysAfterItsRestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := launch(t, data)
	first := p.post(t, "/orders", "k1", twoOfP1)
	require.Equal(t, twoOfP1Answer, first.body)
	p.kill(t)

	p = launch(t, data)
	second := p.post(t, "/orders", "k1", twoOfP1)
	require.Equal(t, first.status, second.status)
	require.Equal(t, first.body, second.body)
	require.Equal(t, "true", second.replayed())
	require.Len(t, p.rows(t), 1)
	p.terminate(t)
}

func TestServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run([]string{"-addr", "127.0.0.1:0", "-data", file}, &stdout, &stderr))
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "create the data folder")
	require.Equal(t, 2, run([]string{"-port", "1"}, &stdout, &stderr))
	require.Equal(t, 0, run([]string{"-help"}, &stdout, &stderr))
}
