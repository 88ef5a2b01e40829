package tsclient_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// exampleDir has the compiled example; "" as long as nobody needed it.
var exampleDir string

// buildExample compiles the server of the example, once for all tests.
var buildExample = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tsclient-test-*")
	if err != nil {
		return "", err
	}
	exampleDir = dir
	binary := filepath.Join(dir, "orders")
	output, err := exec.Command("go", "build", "-o", binary, "../../examples/orders").CombinedOutput()
	if err != nil {
		return "", &toolError{"go build", err, string(output)}
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if exampleDir != "" {
		_ = os.RemoveAll(exampleDir) // a leftover does no harm
	}
	os.Exit(code)
}

// startExample starts the example with an empty database and returns its
// address. It is killed when the test ends.
func startExample(t *testing.T) string {
	t.Helper()
	binary, err := buildExample()
	require.NoError(t, err)
	server := exec.CommandContext(t.Context(), binary, "-addr", "127.0.0.1:0", "-data", t.TempDir())
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	server.Stderr = log
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // it says that it was killed
		require.NoError(t, log.Close())
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		said, _ := os.ReadFile(log.Name()) // the error is another one
		require.NoError(t, err, string(said))
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

// order is a row of the example's table.
type order struct {
	OrderID   string `json:"order_id"`
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
}

// placed returns what the server has.
func placed(t *testing.T, server string) []order {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+"/orders", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	var list struct{ Orders []order }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
	require.NoError(t, resp.Body.Close())
	return list.Orders
}
