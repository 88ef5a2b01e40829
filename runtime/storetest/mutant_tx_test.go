package storetest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// run is what Transact is given.
type run = func(ctx context.Context, attempt int) (cnerium.Outcome, error)

// transact is a Transact, good or broken.
type transact func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error)

// txMutants break Transact, each with the chapter that has to notice.
var txMutants = map[string]struct {
	caught string
	breaks func(good transact) transact
}{
	"keeps the rows despite Discard": {"Undo", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			return good(ctx, claim, func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
				outcome, err := run(ctx, attempt)
				outcome.Discard = false
				return outcome, err
			})
		}
	}},
	"stores what failed": {"Undo", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			var failed error
			record, err := good(ctx, claim, func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
				outcome, err := run(ctx, attempt)
				if failed = err; err != nil {
					outcome = cnerium.Outcome{Response: cnerium.NoContent().Stored(), Retention: time.Nanosecond}
				}
				return outcome, nil
			})
			return record, errors.Join(err, failed)
		}
	}},
	"commits before the handler returned": {"Transact", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			ready := cnerium.Outcome{Response: cnerium.Text(201, "done").Stored(), Retention: time.Hour}
			ran := false
			record, err := good(ctx, claim, func(context.Context, int) (cnerium.Outcome, error) {
				ran = true
				return ready, nil
			})
			if ran && err == nil {
				_, err = good(ctx, another(claim), run)
			}
			return record, err
		}
	}},
	"runs whether the record is free or not": {"Transact", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			ran := false
			record, err := good(ctx, claim, func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
				ran = true
				return run(ctx, attempt)
			})
			if !ran && err == nil {
				_, err = good(ctx, another(claim), run)
			}
			return record, err
		}
	}},
	"does not end the transaction with its context": {"Undo", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			record, err := good(context.WithoutCancel(ctx), claim, func(inner context.Context, attempt int) (cnerium.Outcome, error) {
				outcome, err := run(inner, attempt)
				return outcome, errors.Join(err, ctx.Err())
			})
			return record, err
		}
	}},
	"stores what was late": {"Undo", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			if err := ctx.Err(); err != nil {
				return cnerium.Record{}, err
			}
			record, err := good(context.WithoutCancel(ctx), claim, run)
			return record, errors.Join(err, ctx.Err())
		}
	}},
	"always counts the first attempt": {"Transact", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			return good(ctx, claim, func(ctx context.Context, _ int) (cnerium.Outcome, error) { return run(ctx, 1) })
		}
	}},
	"has an error of its own for the handler's": {"Undo", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			record, err := good(ctx, claim, run)
			if err != nil {
				err = errors.New(err.Error())
			}
			return record, err
		}
	}},
	"swallows a panic": {"Undo", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (record cnerium.Record, err error) {
			defer func() {
				if v := recover(); v != nil {
					err = errors.New("the handler panicked")
				}
			}()
			return good(ctx, claim, run)
		}
	}},
	"loses the events": {"Transact", func(good transact) transact {
		return func(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
			return good(ctx, claim, func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
				outcome, err := run(ctx, attempt)
				outcome.Events = nil
				return outcome, err
			})
		}
	}},
}

// another is a claim of a record of its own.
func another(claim cnerium.Claim) cnerium.Claim {
	claim.ID.Operation += rand.Text()
	return claim
}

// mutant is a good store with a broken Transact.
type mutant struct {
	*sqlitestore.Store
	transact transact
}

func (m *mutant) Transact(ctx context.Context, claim cnerium.Claim, run run) (cnerium.Record, error) {
	return m.transact(ctx, claim, run)
}

// transactional is how to test a good store with the mutation.
func transactional(breaks func(good transact) transact) storetest.Config {
	return storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			store, err := sqlitestore.Open(t.Context(), ":memory:", &sqlitestore.Options{
				Now:                  now,
				EventRetention:       storetest.EventRetention,
				UnpublishedRetention: storetest.UnpublishedRetention,
				MaxEvents:            storetest.MaxEvents,
			})
			require.NoError(t, err)
			return &mutant{Store: store, transact: breaks(store.Transact)}
		},
		Write: func(ctx context.Context, row string) error {
			tx := sqlitestore.TxFrom(ctx)
			if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS app_rows (row TEXT)"); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO app_rows VALUES (?)", row)
			return err
		},
		Rows: rows,
	}
}

// rows reads the rows in a good transaction that is undone.
func rows(ctx context.Context, store cnerium.Store) ([]string, error) {
	var joined string
	var failed error
	undo := errors.New("undo")
	claim := cnerium.Claim{ID: cnerium.ID{Key: "reads the rows"}, Lease: time.Minute}
	_, err := store.(*mutant).Store.Transact(ctx, claim, func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		query := "SELECT coalesce(group_concat(row, '|'), '') FROM app_rows"
		failed = sqlitestore.TxFrom(ctx).QueryRowContext(ctx, query).Scan(&joined)
		return cnerium.Outcome{}, undo
	})
	switch {
	case !errors.Is(err, undo):
		return nil, err
	case failed != nil && strings.Contains(failed.Error(), "no such table"), failed == nil && joined == "":
		return nil, nil
	}
	return strings.Split(joined, "|"), failed
}

// TestAStoreThatIsNotBrokenPasses shows that the mutants fail because of what
// is broken in them.
func TestAStoreThatIsNotBrokenPasses(t *testing.T) {
	t.Parallel()
	output, err := tryMutant(t, "breaks nothing", "(Transact|Undo|Events|Marks|Sweep|Joined)")
	require.NoError(t, err, "%s", output)
	require.NotContains(t, string(output), "no tests to run")
}
