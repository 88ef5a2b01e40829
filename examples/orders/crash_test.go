package main

import (
	"database/sql/driver"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// die is a function of SQL in the servers of these tests: it kills the process
// that runs it. A trigger that calls it is a trap in the middle of a handler,
// of which the handler knows nothing.
func die(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		return nil, err
	}
	select {} // the kill is on its way
}

// alter changes the database beside its server.
func alter(t *testing.T, data, statement string) {
	t.Helper()
	db, err := sqlitestore.OpenDB(t.Context(), filepath.Join(data, "orders.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// diesAt starts a server with a trap, springs it with a request, and returns
// the server that comes after it, on the same data and without the trap.
func diesAt(t *testing.T, trap, path, body string) *process {
	t.Helper()
	data := t.TempDir()
	p := launch(t, data)
	alter(t, data, "CREATE TRIGGER trap "+trap+" BEGIN SELECT die(); END")
	req, err := postRequest(t.Context(), p.url+path, "k1", strings.NewReader(body))
	require.NoError(t, err)
	_, err = send(req)
	require.Error(t, err)
	code, _ := p.wait(t)
	require.NotZero(t, code)
	alter(t, data, "DROP TRIGGER trap")
	return launch(t, data)
}

func TestOrderThatIsKilledInTheMiddleLeavesNothingAndItsRetryRuns(t *testing.T) {
	t.Parallel()
	p := diesAt(t, "AFTER INSERT ON orders", "/orders", twoOfP1) // the row is written, the answer is not
	require.Empty(t, p.rows(t))
	require.Empty(t, p.held(t))
	retry := p.post(t, "/orders", "k1", twoOfP1)
	require.Equal(t, http.StatusCreated, retry.status)
	require.Equal(t, twoOfP1Answer, retry.body)
	require.Empty(t, retry.replayed())
	require.Len(t, p.rows(t), 1)
	require.Equal(t, "true", p.post(t, "/orders", "k1", twoOfP1).replayed())
	require.Len(t, p.rows(t), 1)
	p.terminate(t)
}

func TestPaymentThatIsKilledAfterItsChargeIsHeldAfterTheRestart(t *testing.T) {
	t.Parallel()
	p := diesAt(t, "BEFORE INSERT ON payments", "/payments", fiveEuros) // the money is taken, nothing is written
	requireHeld(t, &p.shop, "k1")
	const answer = `{"ok":true,"payment_id":"pay_k1"}`
	p.settle(t, http.StatusNoContent, `{"operation":"payments.create","key":"k1","action":"store","status":201,"body":`+answer+`}`)
	require.Empty(t, p.held(t))
	retry := p.post(t, "/payments", "k1", fiveEuros)
	require.Equal(t, http.StatusCreated, retry.status)
	require.Equal(t, answer, retry.body)
	require.Equal(t, "true", retry.replayed())
	p.terminate(t)
}
