package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

var (
	errClosed    = errors.New("store is closed")
	errLease     = errors.New("the lease of a claim must be positive")
	errRetention = errors.New("the retention of an outcome must be positive")
	errResponse  = errors.New("an outcome must have a response")
)

// describe says what was being done when the error came up.
func describe(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pgstore: %s: %w", what, explain(err))
}

// hints say what to do about an error of the server, by its code.
var hints = map[string]string{
	"25006": "the server takes no writes: connect to the primary, for example with target_session_attrs=read-write",
	"26000": "the pooler gives each transaction another connection: add default_query_exec_mode=exec to the URL",
	"42P05": "the pooler gives each transaction another connection: add default_query_exec_mode=exec to the URL",
	"3F000": "the schema is missing",
	"42501": "the role lacks a privilege: see the package's documentation for what it needs",
	"42P01": "a table is missing: apply the migrations",
	"53100": "the server's disk is full",
	"53300": "the server has no connections left: make the pools smaller, or max_connections larger",
}

// explain adds what to do about an error of the server.
func explain(err error) error {
	if hint, ok := hints[code(err)]; ok {
		return fmt.Errorf("%s: %w", hint, err)
	}
	return err
}

// code returns the server's code of the error, "" if it is none of the server.
func code(err error) string {
	if err == nil { // most often
		return ""
	}
	var failed *pgconn.PgError
	if !errors.As(err, &failed) {
		return ""
	}
	return failed.Code
}

// lostError is an error of a connection that has ended with it: nobody knows
// whether what was sent has happened.
type lostError struct{ error }

// Unwrap returns the error.
func (e lostError) Unwrap() error { return e.error }

// SafeToRetry contradicts what the error may say of itself.
func (e lostError) SafeToRetry() bool { return false }

// unsentError is an error that came up before anything was sent.
type unsentError struct{ error }

// Unwrap returns the error.
func (e unsentError) Unwrap() error { return e.error }

func isLost(err error) bool { return errors.As(err, new(lostError)) }

func isUnsent(err error) bool { return errors.As(err, new(unsentError)) || pgconn.SafeToRetry(err) }

// isConflict reports whether the server has undone a transaction because of
// others that ran at the same time: the same may succeed now.
func isConflict(err error) bool {
	return slices.Contains([]string{"40001", "40P01"}, code(err))
}

// isForgotten reports whether the server no longer has a statement as it was
// prepared, which a handler can cause with DEALLOCATE.
func isForgotten(err error) bool {
	return slices.Contains([]string{"26000", "0A000"}, code(err))
}

// isRefusal reports whether an error of COMMIT is about what was written, and
// would come again.
func isRefusal(err error) bool {
	class := code(err)
	return len(class) == 5 && slices.Contains([]string{"22", "23", "44", "P0"}, class[:2])
}

const codeLockTimeout = "55P03"

// isDuplicate reports whether something was not made because somebody else
// has just made it.
func isDuplicate(err error) bool {
	return slices.Contains([]string{"42P06", "42P07", "42710", "42701", "23505", "40001", "40P01"}, code(err)) ||
		code(err) == "XX000" && strings.Contains(err.Error(), "concurrently")
}

// attempts is how often something is tried that can be repeated.
const attempts = 5

// pause waits before the next attempt. It returns false when the context ends
// first.
func pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(time.Millisecond << (2 * min(attempt, 4)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
