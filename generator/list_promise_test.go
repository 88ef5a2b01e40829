package generator

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const promiseSource = `package shop

import (
	"context"
	"encoding/json"
	"time"
)

type State string

const (
	Open   State = "open"
	Closed State = "closed"
)

type Node struct {
	Name     string    ` + "`json:\"name\"`" + `
	Children []*Node   ` + "`json:\"children,omitempty\"`" + `
	State    State     ` + "`json:\"state\"`" + `
	Count    int64     ` + "`json:\"count,string\"`" + `
	Raw      json.RawMessage
	Pair     [2]float32
	At       time.Time
	Labels   map[string]uint8
}

type Input struct {
	ID     int      ` + "`path:\"id\"`" + `
	Words  []string ` + "`query:\"word\"`" + `
	Source *State   ` + "`header:\"X-Source\"`" + `
	Node
}

func (*Input) Validate() error { return nil }

//cnerium:durable PUT /nodes/{id}/{rest...} nodes.replace status=202 retention=72h wait=0s recover=rerun max-body=2KiB
func Replace(ctx context.Context, in Input, rest string) (*Node, error) { return nil, nil }

//cnerium:durable DELETE /nodes/{id} nodes.delete
func Delete(ctx context.Context, id string) error { return nil }
`

// TestAListWithShapesIsALock compares with a file, because what it looks like
// must not change: locks of users are kept for years.
func TestAListWithShapesIsALock(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{"shop.go": promiseSource})
	plain, diagnostics, err := List(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Empty(t, diagnostics)
	require.Zero(t, plain[0].Status)

	routes, diagnostics, err := List(t.Context(), Options{Dir: dir, Shapes: true})
	require.NoError(t, err)
	require.Empty(t, diagnostics)
	got, err := json.MarshalIndent(routes, "", "\t")
	require.NoError(t, err)
	path := filepath.Join("testdata", "lock.json")
	if *updateGolden {
		writeFile(t, path, append(got, '\n'))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got)+"\n")

	var back []Listed
	require.NoError(t, json.Unmarshal(got, &back))
	require.Equal(t, routes, back)
}
