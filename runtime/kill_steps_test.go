package cnerium_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// The names of the steps on the path of a request.
const (
	beforeReserve = "before reserve" // transactional: before its transaction
	inReserve     = "in reserve"     // inside SQLite's transaction; plain handlers only
	afterReserve  = "after reserve"  // plain handlers only
	insideBefore  = "inside the handler, before its effect"
	insideAfter   = "inside the handler, after its effect"
	beforeCommit  = "before commit"
	inCommit      = "in commit" // inside SQLite's transaction, before its COMMIT writes
	afterCommit   = "after commit"
	beforeReply   = "after commit, before the first byte of the reply"
)

// step is a place on the path of a request where a process can be killed.
type step struct {
	Operation string
	Name      string
}

// allSteps are those that the campaign has to reach.
func allSteps() []step {
	var all []step
	for _, operation := range []string{opOrder, opPayment, opShipment} {
		for _, name := range []string{
			beforeReserve, inReserve, afterReserve, insideBefore, insideAfter, beforeCommit, inCommit, afterCommit, beforeReply,
		} {
			if operation != opOrder || name != inReserve && name != afterReserve {
				all = append(all, step{operation, name})
			}
		}
	}
	return all
}

// steps kill the process at the step that they are armed for.
type steps struct {
	armed step
	left  atomic.Int64
}

// reach is called at each step. It does not return from the one that kills.
func (s *steps) reach(operation, name string) {
	if s.armed != (step{operation, name}) || s.left.Add(-1) != 0 {
		return
	}
	fmt.Println("reached")
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // the signal is on its way
}

// steppedStore is a store with the steps around its calls.
type steppedStore struct {
	*sqlitestore.Store
	steps   *steps
	renewed chan struct{} // one value for each renewal
}

func (s *steppedStore) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	s.steps.reach(claim.ID.Operation, beforeReserve)
	rec, lease, err := s.Store.Reserve(ctx, claim)
	if lease != nil {
		s.steps.reach(claim.ID.Operation, afterReserve)
	}
	return rec, lease, err
}

func (s *steppedStore) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	err := s.Store.Renew(ctx, lease, d)
	if err == nil && d > 0 {
		select {
		case s.renewed <- struct{}{}:
		default: // nobody counts them
		}
	}
	return err
}

func (s *steppedStore) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	s.steps.reach(lease.ID.Operation, beforeCommit)
	cursor, err := s.Store.Commit(ctx, lease, outcome)
	if err == nil {
		s.steps.reach(lease.ID.Operation, afterCommit)
	}
	return cursor, err
}

func (s *steppedStore) Transact(
	ctx context.Context, claim cnerium.Claim, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Record, error) {
	ran := false
	s.steps.reach(claim.ID.Operation, beforeReserve)
	rec, err := s.Store.Transact(ctx, claim, func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
		ran = true
		outcome, err := run(ctx, attempt)
		if err == nil {
			s.steps.reach(claim.ID.Operation, beforeCommit)
		}
		return outcome, err
	})
	if ran && err == nil {
		s.steps.reach(claim.ID.Operation, afterCommit)
	}
	return rec, err
}

// beforeReply adds the step between the commit and the first byte.
func (s *steps) beforeReply(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for operation, path := range shopPaths {
			if r.URL.Path == path {
				w = &stepWriter{ResponseWriter: w, steps: s, operation: operation}
			}
		}
		next.ServeHTTP(w, r)
	})
}

type stepWriter struct {
	http.ResponseWriter
	steps     *steps
	operation string
}

func (w *stepWriter) WriteHeader(status int) {
	if status == http.StatusCreated && w.Header().Get("Idempotency-Replayed") == "" {
		w.steps.reach(w.operation, beforeReply)
	}
	w.ResponseWriter.WriteHeader(status)
}

// commitSteps are reached from inside SQLite.
var commitSteps atomic.Pointer[steps]

// hookConnections makes the change of a record a step: SQLite has it in hand,
// in a transaction of which nothing is on the disk. The hook of its COMMIT is
// the store's own.
func hookConnections() {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return fmt.Errorf("%T has no hooks", conn)
		}
		hooks.RegisterPreUpdateHook(func(d sqlite.SQLitePreUpdateData) {
			changed := changedRecord(d)
			if s := commitSteps.Load(); s != nil && changed.Name != "" {
				s.reach(changed.Operation, changed.Name)
			}
		})
		return nil
	})
}

// changedRecord tells which commit the change of a row belongs to.
func changedRecord(d sqlite.SQLitePreUpdateData) step {
	values := make([]any, d.Count())
	if d.TableName != "cnerium_records" || d.New(values...) != nil {
		return step{}
	}
	var changed step
	for operation := range shopPaths {
		if slices.Contains(values, any(operation)) {
			changed.Operation = operation
		}
	}
	switch {
	case slices.Contains(values, any("committed")):
		changed.Name = inCommit
	case slices.Contains(values, any("reserved")):
		changed.Name = inReserve
	}
	return changed
}
