package sqlitestore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// counter runs handlers on a store in a file that has tables, each with a key
// of its own.
type counter struct {
	*sqlitestore.Store
	db   *sql.DB
	keys int
}

func newCounter(t *testing.T, tables string) *counter {
	t.Helper()
	db := pool(t, file(t))
	_, err := db.Exec("CREATE TABLE notes (text TEXT PRIMARY KEY);" + tables)
	require.NoError(t, err)
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return &counter{Store: store, db: db}
}

// handle runs a handler and returns its error.
func (c *counter) handle(t *testing.T, run func(ctx context.Context, tx sqlitestore.Tx) error) error {
	t.Helper()
	c.keys++
	_, err := c.Transact(t.Context(), claim(fmt.Sprint(c.keys)), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		return outcome("x"), run(ctx, sqlitestore.TxFrom(ctx))
	})
	return err
}

// exec runs a statement in a handler of its own.
func (c *counter) exec(t *testing.T, query string, args ...any) error {
	t.Helper()
	return c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// row returns the columns of the first row that a handler reads.
func (c *counter) row(t *testing.T, query string, args ...any) (found []any) {
	t.Helper()
	require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
		found = nil
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil || !rows.Next() {
			return errors.Join(err, rows.Err())
		}
		found = make([]any, len(columns))
		dest := make([]any, len(columns))
		for i := range dest {
			dest[i] = &found[i]
		}
		return errors.Join(rows.Scan(dest...), rows.Close())
	}))
	return found
}

func TestAHandlersStatementKnowsTheSchemaOfItsTime(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "")
	const read = "SELECT * FROM notes" //nolint:unqueryvet // its columns are the point
	const write = "INSERT INTO notes (text) VALUES (?)"
	require.NoError(t, c.exec(t, write, "a"))
	require.Equal(t, []any{"a"}, c.row(t, read))

	require.NoError(t, c.exec(t, "ALTER TABLE notes ADD COLUMN n INTEGER DEFAULT 7"))
	require.Equal(t, []any{"a", int64(7)}, c.row(t, read))

	_, err := c.db.Exec("ALTER TABLE notes ADD COLUMN m INTEGER DEFAULT 8") // by another connection
	require.NoError(t, err)
	require.Equal(t, []any{"a", int64(7), int64(8)}, c.row(t, read))

	require.NoError(t, c.exec(t, "DROP TABLE notes"), "what is kept does not stand in the way")
	require.ErrorContains(t, c.exec(t, write, "b"), "no such table")
	require.NoError(t, c.exec(t, "CREATE TABLE notes (text TEXT)"))
	require.NoError(t, c.exec(t, write, "c"))
	require.Equal(t, []any{"c"}, c.row(t, read))
}

func TestASchemaThatIsUndoneIsForgotten(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "")
	const write = "INSERT INTO later (text) VALUES ('a')"
	err := c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
		_, err := tx.ExecContext(ctx, "CREATE TABLE later (text TEXT)")
		require.NoError(t, err)
		_, err = tx.ExecContext(ctx, write)
		require.NoError(t, err)
		return errHandler
	})
	require.ErrorIs(t, err, errHandler)
	require.ErrorContains(t, c.exec(t, write), "no such table")
}

func TestAStatementThatIsInUseIsNoneForAnother(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "INSERT INTO notes VALUES ('a'), ('b'), ('c')")
	const read = "SELECT text FROM notes ORDER BY text"
	for range 2 {
		require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
			var seen []string
			outer, err := tx.QueryContext(ctx, read)
			require.NoError(t, err)
			for outer.Next() {
				var first string
				require.NoError(t, outer.Scan(&first))
				inner, err := tx.QueryContext(ctx, read)
				require.NoError(t, err)
				for inner.Next() {
					var second string
					require.NoError(t, inner.Scan(&second))
					seen = append(seen, first+second)
				}
				require.NoError(t, inner.Err())
			}
			require.NoError(t, outer.Err())
			require.Equal(t, "aa ab ac ba bb bc ca cb cc", strings.Join(seen, " "))
			return nil
		}))
	}
}

func TestRowsThatAHandlerLeavesOpenAreClosedForTheNext(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "INSERT INTO notes VALUES ('a'), ('b')")
	const read = "SELECT text FROM notes ORDER BY text"
	for range 3 {
		var left *sql.Rows
		require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) (err error) {
			left, err = tx.QueryContext(ctx, read)
			require.True(t, left.Next())
			return err
		}))
		require.False(t, left.Next())
		require.Equal(t, []any{"a"}, c.row(t, read), "from the beginning")
	}
	require.NoError(t, c.exec(t, "DROP TABLE notes"), "nobody reads any more")
}

func TestMoreStatementsThanAreKept(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "")
	for range 2 {
		for i := range 300 {
			require.Equal(t, []any{int64(i)}, c.row(t, fmt.Sprintf("SELECT %d", i)))
		}
	}
	require.Equal(t, 128, c.Prepared())
	require.NoError(t, c.exec(t, "INSERT INTO notes VALUES ('"+strings.Repeat("x", 10_000)+"')"))
	require.Equal(t, 128, c.Prepared())
	require.Equal(t, []any{int64(299)}, c.row(t, "SELECT 299"))
}

func TestStatementsThatAreKept(t *testing.T) {
	t.Parallel()
	for query, kept := range map[string]int{
		"INSERT INTO notes VALUES ('a')":                              1,
		" \n\t select text from notes":                                1,
		"-- name: List :many\n-- all of them\nSELECT text FROM notes": 1,
		"/* a\ncomment */WITH x AS (SELECT 1) SELECT * FROM x":        1,
		"VALUES(1)":                       1,
		"UPDATE notes SET text = text":    1,
		"DELETE FROM notes":               1,
		"REPLACE INTO notes VALUES ('a')": 1,
		"PRAGMA foreign_keys":             0,
		"CREATE TABLE other (id)":         0,
		"EXPLAIN SELECT 1":                0,
		"SAVEPOINT mine":                  0,
		"-- nothing":                      0,
		"":                                0,
		"SELECT '" + strings.Repeat("x", 10_000) + "'":       0,
		"INSERT INTO notes VALUES ('a'); DROP TABLE missing": 0,
	} {
		c := newCounter(t, "")
		_ = c.exec(t, query)
		require.Equal(t, kept, c.Prepared(), query)
	}
}

func TestAPragmaWorksEachTime(t *testing.T) {
	t.Parallel()
	c := newCounter(t, `
		CREATE TABLE parents (id INTEGER PRIMARY KEY);
		CREATE TABLE children (parent INTEGER REFERENCES parents)`)
	for i := range 3 {
		require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
			_, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON")
			require.NoError(t, err)
			_, err = tx.ExecContext(ctx, "INSERT INTO children VALUES (?)", i)
			require.NoError(t, err)
			_, err = tx.ExecContext(ctx, "INSERT INTO parents VALUES (?)", i)
			return err
		}))
	}
}

func TestAStatementWorksAfterItHasFailed(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "INSERT INTO notes VALUES ('a')")
	const write = "INSERT INTO notes VALUES (?)"
	for _, text := range []string{"b", "c"} {
		require.ErrorContains(t, c.exec(t, write, "a"), "UNIQUE constraint failed")
		require.ErrorContains(t, c.exec(t, write), "missing argument")
		require.NoError(t, c.exec(t, write, text))
	}
	require.Equal(t, []any{int64(3)}, c.row(t, "SELECT count(*) FROM notes"))
}

func TestAStatementWorksAfterItWasInterrupted(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "")
	const count = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT max(i) FROM n`
	require.Equal(t, []any{int64(3)}, c.row(t, count, 3))
	for _, ask := range []func(ctx context.Context, tx sqlitestore.Tx) error{
		func(ctx context.Context, tx sqlitestore.Tx) error {
			_, err := tx.ExecContext(ctx, count, int64(1)<<62)
			return err
		},
		func(ctx context.Context, tx sqlitestore.Tx) error {
			return tx.QueryRowContext(ctx, count, int64(1)<<62).Scan(new(int64))
		},
	} {
		require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, ask(ctx, tx), context.DeadlineExceeded)
			return nil
		}))
		require.Equal(t, []any{int64(4)}, c.row(t, count, 4))
	}
}

// upper is an argument that has a value of its own.
type upper string

func (u upper) Value() (driver.Value, error) {
	if u == "" {
		return nil, errHandler
	}
	return strings.ToUpper(string(u)), nil
}

func TestAHandlersArgumentsAreThoseOfDatabaseSQL(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "CREATE TABLE kinds (a, b, c, d, e, f)")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var none *string
	const write = "INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?)"
	require.NoError(t, c.exec(t, write, uint8(1), upper("b"), []byte("c"), none, true, at))
	require.Equal(t, []any{int64(1), "B", []byte("c"), nil, int64(1), "2026-01-02 03:04:05+00:00"},
		c.row(t, "SELECT a, b, c, d, e, f FROM kinds"))

	require.ErrorContains(t, c.exec(t, write, 1, 2, 3, 4, 5, struct{}{}), "converting argument $6 type")
	require.ErrorIs(t, c.exec(t, write, 1, 2, 3, 4, 5, upper("")), errHandler)
	require.NoError(t, c.exec(t, "INSERT INTO notes VALUES (:text)", sql.Named("text", "named")))
	require.NoError(t, c.exec(t, "INSERT INTO notes VALUES ('x'); INSERT INTO notes VALUES ('y')"))
	require.Equal(t, []any{int64(3)}, c.row(t, "SELECT count(*) FROM notes"))
}

// counted counts how often it was asked for its value.
type counted struct{ asked *int }

func (c counted) Value() (driver.Value, error) {
	*c.asked++
	return int64(*c.asked), nil
}

func TestAnArgumentIsAskedForItsValueOnce(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "")
	asked := 0
	require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
		for i := range 4 {
			if i == 2 { // from here on the statements are those of database/sql
				require.NoError(t, tx.QueryRowContext(ctx, "SELECT 1").Scan(new(int)))
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES (?)", counted{&asked})
			require.NoError(t, err)
		}
		return nil
	}))
	require.Equal(t, 4, asked)
	require.Equal(t, []any{int64(4)}, c.row(t, "SELECT count(*) FROM notes"))
}

func TestAResultIsThatOfItsStatement(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "CREATE TABLE rows (id INTEGER PRIMARY KEY)")
	require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
		result, err := tx.ExecContext(ctx, "INSERT INTO rows VALUES (7), (8)")
		require.NoError(t, err)
		_, err = tx.ExecContext(ctx, "DELETE FROM rows")
		require.NoError(t, err)
		id, err := result.LastInsertId()
		require.NoError(t, err)
		n, err := result.RowsAffected()
		require.NoError(t, err)
		require.Equal(t, []int64{8, 2}, []int64{id, n})
		return nil
	}))
}

func TestATransactionThatHasEndedLetsNothingIn(t *testing.T) {
	t.Parallel()
	for _, asked := range []bool{false, true} {
		c := newCounter(t, "")
		var late sqlitestore.Tx
		require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
			late = tx
			if asked {
				return tx.QueryRowContext(ctx, "SELECT 1").Scan(new(int))
			}
			return nil
		}))
		_, err := late.ExecContext(t.Context(), "INSERT INTO notes VALUES ('late')")
		require.ErrorIs(t, err, sql.ErrTxDone)
		_, err = late.ExecContext(t.Context(), "INSERT INTO notes VALUES (:text)", sql.Named("text", "late"))
		require.ErrorIs(t, err, sql.ErrTxDone)
		_, err = late.PrepareContext(t.Context(), "SELECT 1")
		require.ErrorIs(t, err, sql.ErrTxDone)
		_, err = late.QueryContext(t.Context(), "SELECT 1")
		require.ErrorIs(t, err, sql.ErrTxDone)
		require.ErrorIs(t, late.QueryRowContext(t.Context(), "SELECT 1").Scan(new(int)), sql.ErrTxDone)
		require.Equal(t, []any{int64(0)}, c.row(t, "SELECT count(*) FROM notes"))
	}
}

func TestAHandlersGoroutinesTakeTurns(t *testing.T) {
	t.Parallel()
	c := newCounter(t, "")
	require.NoError(t, c.handle(t, func(ctx context.Context, tx sqlitestore.Tx) error {
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for g := range errs {
			wg.Go(func() {
				for i := range 20 {
					_, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES (?)", fmt.Sprint(g, i))
					if err == nil && i > 10 {
						err = tx.QueryRowContext(ctx, "SELECT count(*) FROM notes").Scan(new(int))
					}
					errs[g] = errors.Join(errs[g], err)
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	}))
	require.Equal(t, []any{int64(160)}, c.row(t, "SELECT count(*) FROM notes"))
}
