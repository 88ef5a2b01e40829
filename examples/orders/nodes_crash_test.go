package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// stall makes each insert of an order wait for longer than any test.
const stall = `
CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NEW; END';
CREATE TRIGGER stall BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stall()`

const stalled = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`

// TestOrderWhoseNodeIsKilledInItsMiddleIsPlacedByAnother kills a node while the
// database works for its handler. The database looks ten times a second whether
// the node is still there, as docs/scale.md advises.
func TestOrderWhoseNodeIsKilledInItsMiddleIsPlacedByAnother(t *testing.T) {
	t.Parallel()
	place := with(t, pgtest.Start(t).Database(t), "client_connection_check_interval", "100ms")
	one, two := launch(t, place), launch(t, place)
	conn := connect(t, place)
	_, err := conn.Exec(t.Context(), stall)
	require.NoError(t, err)
	req, err := postRequest(t.Context(), one.url+"/orders", "k1", strings.NewReader(twoOfP1))
	require.NoError(t, err)
	cut := make(chan error, 1)
	go func() {
		_, err := send(req)
		cut <- err
	}()
	require.Eventually(t, func() bool {
		var n int
		return conn.QueryRow(t.Context(), stalled).Scan(&n) == nil && n == 1
	}, time.Minute, 10*time.Millisecond)
	one.kill(t)
	require.Error(t, <-cut)

	_, err = conn.Exec(t.Context(), "DROP TRIGGER stall ON orders") // waits until the handler's transaction is undone
	require.NoError(t, err)
	require.Empty(t, two.rows(t))
	require.Empty(t, two.held(t))
	retry := two.post(t, "/orders", "k1", twoOfP1)
	require.Equal(t, http.StatusCreated, retry.status)
	require.Equal(t, twoOfP1Answer, retry.body)
	require.Empty(t, retry.replayed())
	require.Len(t, two.rows(t), 1)
	two.terminate(t)
}
