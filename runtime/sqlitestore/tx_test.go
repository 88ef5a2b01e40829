package sqlitestore_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// endless is a statement that only an interrupt ends.
const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`

func TestAStatementOnAnyContextEndsWithTheHandlersTime(t *testing.T) {
	t.Parallel()
	store := open(t, file(t))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := store.Transact(ctx, claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		var n int
		err := sqlitestore.TxFrom(ctx).QueryRowContext(context.Background(), endless).Scan(&n)
		require.Error(t, err)
		return outcome("not in time"), nil
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
	reserve(t, store, "k")
}

func TestTheWaitForAnotherProcessEndsWithTheContext(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	other, err := pool(t, path).Conn(t.Context())
	require.NoError(t, err)
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err = store.Reserve(ctx, claim("k"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = store.Transact(ctx, claim("k"), func(context.Context, int) (cnerium.Outcome, error) {
		t.Error("the handler ran beside another writer")
		return outcome(""), nil
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)

	waiting := make(chan error)
	go func() {
		_, _, err := store.Reserve(t.Context(), claim("k"))
		waiting <- err
	}()
	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, other.Close())
	require.NoError(t, <-waiting)
}

func TestADeferredConstraintIsTheHandlersFault(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	db := pool(t, path)
	_, err := db.Exec(`
		CREATE TABLE parents (id INTEGER PRIMARY KEY);
		CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)`)
	require.NoError(t, err)
	_, err = store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		_, err := sqlitestore.TxFrom(ctx).ExecContext(ctx, "INSERT INTO children VALUES (7)")
		return outcome("orphan"), err
	})
	require.ErrorIs(t, err, cnerium.ErrRefused)
	var rows int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM children").Scan(&rows))
	require.Zero(t, rows)
	reserve(t, store, "k")
}

func TestCheckFindsThatTheFileWasReplaced(t *testing.T) {
	t.Parallel()
	path := file(t)
	store, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	require.NoError(t, store.Check(t.Context()))
	require.NoError(t, os.Rename(path, path+".old"))
	require.ErrorIs(t, store.Check(t.Context()), os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.ErrorContains(t, store.Check(t.Context()), "was replaced")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Rename(path+".old", path))
	require.NoError(t, store.Check(t.Context()))
	require.NoError(t, store.Close())
}

func TestAReadEndsWithItsContextWhileThePoolIsUsedUp(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	db.SetMaxOpenConns(2)
	store, err := sqlitestore.New(t.Context(), db, nil) // holds one
	require.NoError(t, err)
	other, err := db.Conn(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = store.Lookup(ctx, claim("k").ID)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, other.Close())
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
	require.NoError(t, store.Close())
}
