package pgstore_test

import (
	"context"
	"errors"
	"flag"
	"net/url"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// notRaced skips what the race detector has no need to see again.
func notRaced(t *testing.T) {
	t.Helper()
	raced.Skip(t, "it sees the law kept by the store as it is by default")
}

func TestStoreKeepsTheLaw(t *testing.T) {
	t.Parallel()
	storetest.Run(t, config(t, pgstore.Options{}, ""))
}

func TestStoreInThePortableOrderKeepsTheLaw(t *testing.T) {
	t.Parallel()
	notRaced(t)
	storetest.Run(t, config(t, pgstore.Options{Portable: true}, ""))
}

// What a pooler asks for that gives each transaction another connection.
func TestStoreWithoutPreparedStatementsKeepsTheLaw(t *testing.T) {
	t.Parallel()
	onlyLong(t) // the tests behind PgBouncer see the same
	storetest.Run(t, config(t, pgstore.Options{}, "exec"))
}

func TestStoreWithTheSimpleProtocolKeepsTheLaw(t *testing.T) {
	t.Parallel()
	onlyLong(t)
	storetest.Run(t, config(t, pgstore.Options{}, "simple_protocol"))
}

func TestStoreWithSerializableHandlersKeepsTheLaw(t *testing.T) {
	t.Parallel()
	onlyLong(t)
	c := config(t, pgstore.Options{Isolation: pgx.Serializable}, "")
	open, join := c.Open, c.Join
	c.Open = func(t *testing.T, now func() time.Time) cnerium.Store {
		return persistent{open(t, now).(store)}
	}
	c.Join = func(t *testing.T, other cnerium.Store, now func() time.Time) cnerium.Store {
		return persistent{join(t, other.(persistent).store, now).(store)}
	}
	c.Rows = func(ctx context.Context, s cnerium.Store) ([]string, error) {
		return readRows(ctx, s.(persistent).store)
	}
	storetest.Run(t, c)
}

// persistent repeats what could not be carried through beside others, as the
// core does.
type persistent struct{ store }

func (p persistent) Transact(
	ctx context.Context, claim cnerium.Claim, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Record, error) {
	for {
		record, err := p.store.Transact(ctx, claim, run)
		if !errors.Is(err, cnerium.ErrSerialization) {
			return record, err
		}
	}
}

var long = flag.Bool("cnerium.long", false, "run the long campaigns")

// onlyLong skips what takes too long for each time.
func onlyLong(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("a long campaign: run it with -cnerium.long")
	}
}

// store remembers where it is, to be joined.
type store struct {
	*pgstore.Store
	medium
}

// config has a schema of its own for each store.
func config(tb testing.TB, opts pgstore.Options, mode string) storetest.Config {
	tb.Helper()
	join := func(t *testing.T, m medium, now func() time.Time) cnerium.Store {
		o := opts
		o.Now, o.Schema = now, m.schema
		o.EventRetention = storetest.EventRetention
		o.UnpublishedRetention = storetest.UnpublishedRetention
		o.MaxEvents = storetest.MaxEvents
		opened, err := pgstore.Open(t.Context(), withMode(t, m.url, mode), &o)
		require.NoError(t, err)
		return store{Store: opened, medium: m}
	}
	return storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			m := newMedium(t)
			opened := join(t, m, now)
			m.table(t)
			return opened
		},
		Join: func(t *testing.T, other cnerium.Store, now func() time.Time) cnerium.Store {
			return join(t, other.(store).medium, now)
		},
		Write: writeRow,
		Rows:  readRows,
	}
}

func withMode(tb testing.TB, text, mode string) string {
	tb.Helper()
	text = withPool(tb, text, "6")
	if mode == "" {
		return text
	}
	return with(tb, text, "default_query_exec_mode", mode)
}

func withPool(tb testing.TB, text, size string) string {
	tb.Helper()
	return with(tb, text, "pool_max_conns", size)
}

func with(tb testing.TB, text, name, value string) string {
	tb.Helper()
	u, err := url.Parse(text)
	require.NoError(tb, err)
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// writeRow writes a row of the application in a handler's transaction. The
// table is that of the schema which the handler's record is in.
func writeRow(ctx context.Context, row string) error {
	tx := pgstore.TxFrom(ctx)
	var schema string
	// The transaction has looked at its store's records, or written to them.
	err := tx.QueryRow(ctx, `SELECT DISTINCT c.relnamespace::regnamespace::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
		WHERE l.pid = pg_backend_pid() AND l.mode IN ('AccessShareLock', 'RowExclusiveLock') AND c.relname = 'records'`).Scan(&schema)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO "+schema+".app_rows (row) VALUES ($1)", row)
	return err
}

// readRows reads the rows as another process would.
func readRows(ctx context.Context, s cnerium.Store) ([]string, error) {
	m := s.(store).medium
	conn, err := pgx.Connect(ctx, m.url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	found, err := conn.Query(ctx, "SELECT row FROM "+m.schema+".app_rows ORDER BY id")
	if err != nil {
		return nil, err
	}
	rows, err := pgx.CollectRows(found, pgx.RowTo[string])
	if len(rows) == 0 {
		rows = nil
	}
	return rows, err
}
