package pgstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func claim(key string) cnerium.Claim {
	return cnerium.Claim{
		ID:          cnerium.ID{Scope: "tenant", Operation: "orders.create", Key: key},
		Fingerprint: cnerium.Fingerprint{1},
		Lease:       time.Minute,
		Wait:        10 * time.Second,
	}
}

func outcome(body string) cnerium.Outcome {
	o := silent(body)
	o.Events = []cnerium.Event{{
		Operation: "orders.create", Type: "order.created", Time: time.UnixMilli(1_767_000_000_000), Data: []byte(`"` + body + `"`),
	}}
	return o
}

// silent is an outcome without events.
func silent(body string) cnerium.Outcome {
	return cnerium.Outcome{
		Response:  cnerium.Bytes(201, "application/json", []byte(body)).Stored(),
		Retention: time.Hour,
	}
}

// medium is where stores are: a schema of a database.
type medium struct{ url, schema string }

// newMedium returns one that nobody else uses.
func newMedium(tb testing.TB) medium {
	tb.Helper()
	url, schema := pgtest.Start(tb).Schema(tb)
	return medium{url: url, schema: schema}
}

// open opens a store with a small pool of its own.
func (m medium) open(tb testing.TB, opts pgstore.Options) *pgstore.Store {
	tb.Helper()
	opts.Schema = m.schema
	store, err := pgstore.Open(context.Background(), withPool(tb, m.url, "4"), &opts)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })
	return store
}

// exec runs statements as somebody else.
func (m medium) exec(tb testing.TB, sql string, args ...any) pgconn.CommandTag {
	tb.Helper()
	conn := m.connect(tb)
	tag, err := conn.Exec(tb.Context(), sql, args...)
	require.NoError(tb, err, sql)
	require.NoError(tb, conn.Close(tb.Context()))
	return tag
}

func (m medium) connect(tb testing.TB) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), m.url)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// table makes a table of the application and returns its name.
func (m medium) table(tb testing.TB) string {
	tb.Helper()
	name := m.schema + ".app_rows"
	m.exec(tb, "CREATE TABLE IF NOT EXISTS "+name+" (id bigint GENERATED ALWAYS AS IDENTITY, row text)")
	return name
}

// rows returns what the application's table has.
func (m medium) rows(tb testing.TB) []string {
	tb.Helper()
	conn := m.connect(tb)
	found, err := conn.Query(tb.Context(), "SELECT row FROM "+m.schema+".app_rows ORDER BY id")
	require.NoError(tb, err)
	rows, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(tb, err)
	require.NoError(tb, conn.Close(tb.Context()))
	return rows
}

// insert writes a row in the handler's transaction.
func (m medium) insert(ctx context.Context, row string) error {
	_, err := pgstore.TxFrom(ctx).Exec(ctx, "INSERT INTO "+m.schema+".app_rows (row) VALUES ($1)", row)
	return err
}

// writing is a handler that writes a row.
func (m medium) writing(row string, o cnerium.Outcome) func(context.Context, int) (cnerium.Outcome, error) {
	return func(ctx context.Context, _ int) (cnerium.Outcome, error) { return o, m.insert(ctx, row) }
}

var errHandler = errors.New("the handler failed")

func never(tb testing.TB) func(context.Context, int) (cnerium.Outcome, error) {
	return func(context.Context, int) (cnerium.Outcome, error) {
		tb.Error("the handler ran")
		return cnerium.Outcome{}, errHandler
	}
}

func reserve(tb testing.TB, store cnerium.Store, key string) *cnerium.Lease {
	tb.Helper()
	_, lease, err := store.Reserve(tb.Context(), claim(key))
	require.NoError(tb, err)
	require.NotNil(tb, lease)
	return lease
}

// commit returns the cursor of the last event.
func commit(tb testing.TB, store cnerium.Store, lease *cnerium.Lease, o cnerium.Outcome) string {
	tb.Helper()
	cursor, err := store.Commit(tb.Context(), lease, o)
	require.NoError(tb, err)
	return cursor
}

func lookup(tb testing.TB, store cnerium.Store, key string) cnerium.Record {
	tb.Helper()
	record, err := store.Lookup(tb.Context(), claim(key).ID)
	require.NoError(tb, err)
	return record
}

func requireCommitted(tb testing.TB, store cnerium.Store, key, body string) {
	tb.Helper()
	record := lookup(tb, store, key)
	require.Equal(tb, cnerium.StateCommitted, record.State)
	require.Equal(tb, body, record.Response.Body)
}
