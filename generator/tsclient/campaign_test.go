package tsclient_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os/exec"
	"strconv"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/internal/faultproxy"
	"github.com/cnerium/cnerium-go/internal/testenv"
)

var campaign = flag.Int("campaign", 200, "how many orders are placed through a bad network")

// TestEachOrderHappensOnceThroughABadNetwork has a program under node place
// orders at the real example, behind a proxy that loses, cuts, delays and
// repeats what is sent.
func TestEachOrderHappensOnceThroughABadNetwork(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "the client is no Go, and the server has tests of its own")
	node := testenv.Node(t)
	dir := compile(t, map[string]*contract.Contract{"orders": ordersContract()}, map[string]string{
		"test/campaign.mjs": "testdata/campaign/campaign.mjs",
	})
	server := startExample(t)
	proxy := faultproxy.New(t, server, faultproxy.Random(7, 0.4))
	run := exec.CommandContext(t.Context(), node, "test/campaign.mjs", proxy.URL(), strconv.Itoa(*campaign))
	run.Dir = dir
	var stderr bytes.Buffer
	run.Stderr = &stderr
	output, err := run.Output()
	require.NoError(t, err, stderr.String())
	proxy.Wait()

	ids := requireAnswers(t, output)
	rows := make(map[string]order)
	for _, row := range placed(t, server) {
		require.NotContains(t, rows, row.ProductID, "it happened twice")
		rows[row.ProductID] = row
	}
	require.Len(t, rows, *campaign+1) // and the one before
	for n := 1; n <= *campaign; n++ {
		product := fmt.Sprint("p", n)
		require.Equal(t, order{ids[product], product, n}, rows[product])
	}
	for _, fault := range faultproxy.Faults() {
		require.Positive(t, proxy.Counts()[fault], "%v never came up", fault)
	}
}

// line is one of those that the program prints.
type line struct {
	N        int     `json:"n"`
	Value    order   `json:"value"`
	Key      string  `json:"key"`
	Attempts int     `json:"attempts"`
	Replayed bool    `json:"replayed"`
	Events   []order `json:"events"`
}

// requireAnswers requires that each order got its own answer and event, and
// returns the orders' IDs by their products.
func requireAnswers(t *testing.T, output []byte) map[string]string {
	t.Helper()
	ids := make(map[string]string)
	events := make(map[string]string)
	again, replayed := 0, 0
	for text := range bytes.Lines(output) {
		var l line
		require.NoError(t, json.Unmarshal(text, &l))
		for _, event := range l.Events {
			require.NotContains(t, events, event.ProductID)
			events[event.ProductID] = event.OrderID
		}
		if l.N == 0 {
			continue
		}
		require.Equal(t, order{"ord_" + l.Key, fmt.Sprint("p", l.N), l.N}, l.Value)
		ids[l.Value.ProductID] = l.Value.OrderID
		if l.Attempts > 1 {
			again++
		}
		if l.Replayed {
			replayed++
		}
	}
	require.Len(t, ids, *campaign)
	require.Equal(t, ids, events)
	require.Positive(t, again, "nothing went wrong")
	require.Positive(t, replayed, "no answer was lost")
	return ids
}
