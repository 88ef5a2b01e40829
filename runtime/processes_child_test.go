package cnerium_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shopProcess is a shop that runs in a process of its own.
type shopProcess struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	url   string

	listening chan string   // its address, once
	inside    chan string   // the keys of handlers that stay inside
	died      chan struct{} // closed when the process is gone
	reached   bool          // whether it came to the step that kills it; valid after died
	exit      error         // valid after died
}

// newShopConfig is a shop on new files, with a lease that no test outlives.
func newShopConfig(t *testing.T) shopConfig {
	t.Helper()
	dir := t.TempDir()
	return shopConfig{
		File:  filepath.Join(dir, "shop.db"),
		World: filepath.Join(dir, "world"),
		Lease: 30 * time.Second,
		Wait:  5 * time.Second,
	}
}

// spawnShop starts a process that waits to be told what to do.
func spawnShop(t *testing.T) *shopProcess {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &shopProcess{listening: make(chan string, 1), inside: make(chan string, 64), died: make(chan struct{})}
	p.cmd = exec.Command(self)
	p.cmd.Env = append(os.Environ(), shopVariable+"=1", "GORACE=atexit_sleep_ms=0 halt_on_error=1")
	p.cmd.Stderr = os.Stderr
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go p.watch(stdout)
	t.Cleanup(p.kill)
	return p
}

// watch reads what the process says until it is gone.
func (p *shopProcess) watch(stdout io.Reader) {
	defer close(p.died)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		what, value, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "listening":
			p.listening <- value
		case "inside":
			p.inside <- value
		case "reached":
			p.reached = true
		}
	}
	p.exit = p.cmd.Wait()
}

// open tells the process what to do, and waits until it serves.
func (p *shopProcess) open(t *testing.T, config shopConfig) {
	t.Helper()
	line, err := json.Marshal(config)
	require.NoError(t, err)
	_, err = p.stdin.Write(append(line, '\n'))
	require.NoError(t, err)
	select {
	case address := <-p.listening:
		p.url = "http://" + address
	case <-p.died:
		require.FailNow(t, "the shop did not open", "%v", p.exit)
	}
}

func startShop(t *testing.T, config shopConfig) *shopProcess {
	t.Helper()
	p := spawnShop(t)
	p.open(t, config)
	return p
}

// kill is kill -9. It returns when the process is gone.
func (p *shopProcess) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.died
}

// stop ends the process as an operator would.
func (p *shopProcess) stop(t *testing.T) {
	t.Helper()
	shopClient.CloseIdleConnections() // for those that were never used the server would wait
	require.NoError(t, p.stdin.Close())
	<-p.died
	require.NoError(t, p.exit)
}

// shopClient sends without keeping connections for other addresses.
var shopClient = &http.Client{
	Transport: &http.Transport{MaxIdleConnsPerHost: 256},
	Timeout:   time.Minute,
}

// send posts one request for the key; its body is the key's own.
func (p *shopProcess) send(operation, key string) (reply, error) {
	return sendTo(p.url, operation, key)
}

func sendTo(url, operation, key string) (reply, error) {
	return post(url+shopPaths[operation], key, "body of "+key)
}

func post(url, key, body string) (reply, error) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Idempotency-Key", key)
	resp, err := shopClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(got)}, err
}

// is reports whether the reply is a problem of the status and type.
func (r reply) is(status int, problemType string) bool {
	var doc struct{ Type string }
	return r.status == status && json.Unmarshal([]byte(r.body), &doc) == nil && doc.Type == problemType
}

// worldEffects reads what plain handlers have done outside, by key.
func worldEffects(t *testing.T, path string) map[string][]effect {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	done := map[string][]effect{}
	for line := range bytes.Lines(data) {
		var e effect
		require.NoError(t, json.Unmarshal(line, &e), string(line))
		done[e.Key] = append(done[e.Key], e)
	}
	return done
}
