package cnerium_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func TestTwoProcessesOnOneFileRunEachKeyOnce(t *testing.T) {
	t.Parallel()
	testProcesses(t, 2)
}

func TestFourProcessesOnOneFileRunEachKeyOnce(t *testing.T) {
	t.Parallel()
	testProcesses(t, 4)
}

// testProcesses sends the same keys to all processes at once, 64 times each,
// to transactional and to plain handlers.
func testProcesses(t *testing.T, n int) {
	const duplicates = 64
	config := newShopConfig(t)
	var shops []*shopProcess
	for range n {
		shops = append(shops, startShop(t, config))
	}
	replies := map[string][]reply{} // by key
	operations := map[string]string{}
	begin := make(chan struct{})
	var mu sync.Mutex
	var senders sync.WaitGroup
	for operation := range shopPaths {
		for i := range 4 {
			key := fmt.Sprintf("%s-%d", operation, i)
			operations[key] = operation
			for d := range duplicates {
				senders.Go(func() {
					<-begin
					r := insist(t, shops[d%n], operation, key)
					mu.Lock()
					defer mu.Unlock()
					replies[key] = append(replies[key], r)
				})
			}
		}
	}
	close(begin)
	senders.Wait()
	for _, p := range shops {
		p.stop(t)
	}
	for key, got := range replies {
		require.Len(t, got, duplicates)
		requireOneAnswer(t, key, got)
	}
	requireOneEffectEach(t, config, operations, replies)
}

// insist asks one process for a key until there is an outcome. All that may
// come before it are the answers that ask to come again.
func insist(t *testing.T, p *shopProcess, operation, key string) reply {
	for range tries {
		r, err := p.send(operation, key)
		switch {
		case err != nil:
			t.Error(err)
			return reply{}
		case !r.is(http.StatusConflict, cnerium.ProblemInFlight) && !r.is(http.StatusServiceUnavailable, cnerium.ProblemUnavailable):
			return r
		case r.header.Get("Retry-After") == "":
			t.Errorf("%s: no Retry-After: %v", key, r)
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Errorf("%s: no outcome after %d tries", key, tries)
	return reply{}
}

// requireOneAnswer checks that all got the same, and one of them first.
func requireOneAnswer(t *testing.T, key string, got []reply) {
	t.Helper()
	fresh := 0
	for _, r := range got {
		require.Equal(t, http.StatusCreated, r.status, "%s: %s", key, r.body)
		require.Equal(t, got[0].body, r.body, key)
		require.Equal(t, got[0].header.Values("Content-Type"), r.header.Values("Content-Type"))
		if r.header.Get("Idempotency-Replayed") == "" {
			fresh++
		}
	}
	require.Equal(t, 1, fresh, "%s: first answers", key)
}

func requireOneEffectEach(t *testing.T, config shopConfig, operations map[string]string, replies map[string][]reply) {
	t.Helper()
	world := worldEffects(t, config.World)
	db, err := sqlitestore.OpenDB(t.Context(), config.File)
	require.NoError(t, err)
	defer db.Close()
	for key, operation := range operations {
		var answered effect
		require.NoError(t, json.Unmarshal([]byte(replies[key][0].body), &answered))
		require.Equal(t, 1, answered.Attempt, key)
		if operation == opOrder {
			require.Equal(t, []int64{answered.Number}, orderRows(t, db, key), key)
		} else {
			require.Equal(t, []effect{answered}, world[key], key)
		}
	}
	var orders, events int
	require.NoError(t, db.QueryRowContext(t.Context(),
		`SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM cnerium_events)`).Scan(&orders, &events))
	require.Equal(t, len(operations)/len(shopPaths), orders)
	require.Equal(t, len(operations), events)
}

func orderRows(t *testing.T, db *sql.DB, key string) []int64 {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT number FROM orders WHERE key = ?`, key)
	require.NoError(t, err)
	defer rows.Close()
	var numbers []int64
	for rows.Next() {
		var number int64
		require.NoError(t, rows.Scan(&number))
		numbers = append(numbers, number)
	}
	require.NoError(t, rows.Err())
	return numbers
}

// atOnce asks until the answer is no longer that the key is in flight: at most
// 20 times, 5 ms apart. The lease of the dead process would last for 30 s.
func atOnce(t *testing.T, p *shopProcess, operation, key string) reply {
	t.Helper()
	var r reply
	for range 20 {
		var err error
		r, err = p.send(operation, key)
		require.NoError(t, err)
		if !r.is(http.StatusConflict, cnerium.ProblemInFlight) {
			break
		}
		<-time.After(5 * time.Millisecond)
	}
	return r
}

// requireInFlight checks that the process takes the key for one that somebody
// else works on.
func requireInFlight(t *testing.T, p *shopProcess, operation, key string) {
	t.Helper()
	r, err := p.send(operation, key)
	require.NoError(t, err)
	r.problem(t, http.StatusConflict, cnerium.ProblemInFlight)
	require.Equal(t, "1", r.header.Get("Retry-After"))
}

// requireUnknown checks that a payment is held.
func requireUnknown(t *testing.T, p *shopProcess, key string) {
	t.Helper()
	r := atOnce(t, p, opPayment, key)
	require.Contains(t, r.problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown), "ended without an outcome, at ")
}

// requireRerun checks that a shipment is sent again, by an execution that is
// told so.
func requireRerun(t *testing.T, p *shopProcess, key string) {
	t.Helper()
	r := atOnce(t, p, opShipment, key)
	require.Equal(t, http.StatusCreated, r.status, r.body)
	require.Empty(t, r.header.Get("Idempotency-Replayed"))
	var done effect
	require.NoError(t, json.Unmarshal([]byte(r.body), &done))
	require.Equal(t, 2, done.Attempt)
}

// killedInside starts a shop that has one payment and one shipment inside
// their handlers, calls meanwhile, and kills it.
func killedInside(t *testing.T, config shopConfig, meanwhile func()) {
	t.Helper()
	config.Gate = true
	p := startShop(t, config)
	for _, operation := range []string{opPayment, opShipment} {
		go func() { _, _ = p.send(operation, operation) }() // it never gets an answer
		require.Equal(t, operation, <-p.inside)
	}
	meanwhile()
	p.kill()
}

func TestARestartedProcessNeedNotWaitForTheLeaseOfTheDeadOne(t *testing.T) {
	t.Parallel()
	config := newShopConfig(t)
	config.Wait = cnerium.NoWait
	killedInside(t, config, func() {})
	restarted := startShop(t, config)
	requireUnknown(t, restarted, opPayment)
	requireRerun(t, restarted, opShipment)
	world := worldEffects(t, config.World)
	require.Len(t, world[opPayment], 1)
	require.Len(t, world[opShipment], 2)
	restarted.stop(t)
}

func TestANeighbourNeedNotWaitForTheLeaseOfADeadProcess(t *testing.T) {
	t.Parallel()
	config := newShopConfig(t)
	config.Wait = cnerium.NoWait
	neighbour := startShop(t, config)
	killedInside(t, config, func() {
		requireInFlight(t, neighbour, opPayment, opPayment)
		requireInFlight(t, neighbour, opShipment, opShipment)
	})
	requireUnknown(t, neighbour, opPayment)
	requireRerun(t, neighbour, opShipment)
	world := worldEffects(t, config.World)
	require.Len(t, world[opPayment], 1)
	require.Len(t, world[opShipment], 2)
	neighbour.stop(t)
}

// TestADuplicateThatWaitsSeesTheOtherProcessDie waits inside a neighbour while the
// process that executes is killed: it must not wait to its end.
func TestADuplicateThatWaitsSeesTheOtherProcessDie(t *testing.T) {
	t.Parallel()
	config := newShopConfig(t)
	config.Wait = 20 * time.Second // shorter than the lease: who waits that long gets 409 in-flight
	neighbour := startShop(t, config)
	got := make(chan reply, 1)
	killedInside(t, config, func() {
		go func() {
			r, err := neighbour.send(opPayment, opPayment)
			if err != nil {
				t.Error(err)
			}
			got <- r
		}()
	})
	(<-got).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
	neighbour.stop(t)
}

// TestASlowProcessIsNotTakenForADeadOne has handlers that stay inside for
// longer than their leases, which are renewed, while a neighbour asks all the
// time and other processes start and stop on the same file.
func TestASlowProcessIsNotTakenForADeadOne(t *testing.T) {
	t.Parallel()
	config := newShopConfig(t)
	config.Wait, config.Lease = cnerium.NoWait, time.Second
	neighbour := startShop(t, config)
	slow := config
	slow.Renewals = 4 // one every third of the lease
	p := startShop(t, slow)
	for _, operation := range []string{opPayment, opShipment} {
		first := make(chan reply, 1)
		go func() {
			r, err := p.send(operation, "slow")
			if err != nil {
				t.Error(err)
			}
			first <- r
		}()
		require.Equal(t, "slow", <-p.inside)
		requireInFlight(t, neighbour, operation, "slow")
		answered := requireInFlightUntil(t, config, neighbour, operation, first)
		r, err := neighbour.send(operation, "slow")
		require.NoError(t, err)
		r.replayed(t, answered)
	}
	require.Len(t, worldEffects(t, config.World)["slow"], 2, "one payment and one shipment")
	p.stop(t)
	neighbour.stop(t)
}

// requireInFlightUntil asks the neighbour until the first answer is there.
func requireInFlightUntil(
	t *testing.T, config shopConfig, neighbour *shopProcess, operation string, first <-chan reply,
) reply {
	t.Helper()
	startShop(t, config).stop(t)
	for {
		select {
		case r := <-first:
			require.Equal(t, http.StatusCreated, r.status, r.body)
			return r
		case <-time.After(5 * time.Millisecond):
		}
		r, err := neighbour.send(operation, "slow")
		require.NoError(t, err)
		if r.status == http.StatusCreated {
			require.Equal(t, "true", r.header.Get("Idempotency-Replayed"))
			continue // the slow one was just done
		}
		r.problem(t, http.StatusConflict, cnerium.ProblemInFlight)
	}
}

// TestAStoreThatIsClosedDoesNotMakeItsProcessLookDead has two stores of one
// process on one file. Closing one of them must not let go of the other's
// claim to be alive, as it would with a POSIX record lock.
func TestAStoreThatIsClosedDoesNotMakeItsProcessLookDead(t *testing.T) {
	t.Parallel()
	config := newShopConfig(t)
	config.Wait = cnerium.NoWait
	neighbour := startShop(t, config)
	inside := config
	inside.Gate = true
	s, err := openShop(t.Context(), inside)
	require.NoError(t, err)
	url := serveShop(t, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = sendTo(url, opPayment, "k")
	}()
	require.Equal(t, "k", <-s.inside)
	other, err := openShop(t.Context(), config)
	require.NoError(t, err)
	require.NoError(t, other.close(t.Context()))
	for range 20 {
		requireInFlight(t, neighbour, opPayment, "k")
	}
	s.openGate()
	<-done
	r, err := neighbour.send(opPayment, "k")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, r.status, r.body)
	neighbour.stop(t)
}

// serveShop serves a shop of this process, and closes it with the test.
func serveShop(t *testing.T, s *shop) (url string) {
	t.Helper()
	server := httptest.NewServer(s.mux)
	t.Cleanup(func() {
		s.openGate()
		require.NoError(t, s.close(context.Background()))
		server.Close()
	})
	return server.URL
}
