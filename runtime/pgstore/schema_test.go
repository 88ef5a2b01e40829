package pgstore_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// works has a store do a bit of everything.
func works(t *testing.T, store *pgstore.Store) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, store.Check(ctx))
	lease := reserve(t, store, "plain")
	require.NoError(t, store.Renew(ctx, lease, time.Minute))
	cursor := commit(t, store, lease, outcome("plain"))
	require.NoError(t, store.Release(ctx, reserve(t, store, "released")))
	_, err := store.Transact(ctx, claim("transactional"), func(context.Context, int) (cnerium.Outcome, error) {
		return outcome("transactional"), nil
	})
	require.NoError(t, err)
	require.NoError(t, store.MarkPublished(ctx, "mail", cursor))
	events, err := store.Events(ctx, "", 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
	_, err = store.Unknown(ctx, 10)
	require.NoError(t, err)
	_, err = store.Sweep(ctx, 10)
	require.NoError(t, err)
	requireCommitted(t, store, "transactional", "transactional")
}

// applyByHand applies the migrations as a program does that knows nothing of
// the store.
func applyByHand(t *testing.T, url, schema string, count int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	files := pgstore.Migrations(schema)
	names, err := fs.Glob(files, "*.sql")
	require.NoError(t, err)
	for _, name := range names[:count] {
		text, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		for statement := range strings.SplitSeq(string(text), ";\n") {
			_, err = tx.Exec(t.Context(), statement)
			require.NoError(t, err, statement)
		}
		require.NoError(t, tx.Commit(t.Context()))
	}
	require.NoError(t, conn.Close(t.Context()))
}

func migrationCount(t *testing.T) int {
	t.Helper()
	names, err := fs.Glob(pgstore.Migrations(""), "*.sql")
	require.NoError(t, err)
	return len(names)
}

func TestANewSchemaIsMade(t *testing.T) {
	t.Parallel()
	works(t, newMedium(t).open(t, pgstore.Options{}))
}

func TestASchemaThatWasMadeByHandIsUsed(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	applyByHand(t, m.url, m.schema, migrationCount(t))
	works(t, m.open(t, pgstore.Options{VerifyOnly: true}))
}

func TestASchemaThatIsPartlyThereIsCompleted(t *testing.T) {
	t.Parallel()
	for count := 1; count < migrationCount(t); count++ {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			t.Parallel()
			m := newMedium(t)
			applyByHand(t, m.url, m.schema, count)
			_, err := pgstore.Open(t.Context(), m.url, &pgstore.Options{Schema: m.schema, VerifyOnly: true})
			require.ErrorIs(t, err, pgstore.ErrSchema)
			require.ErrorContains(t, err, fmt.Sprintf("%03d_", count+1))
			works(t, m.open(t, pgstore.Options{}))
		})
	}
}

func TestManyNodesMakeTheSchemaAtOnce(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	stores := make([]*pgstore.Store, 8)
	together(len(stores), func(i int) {
		var err error
		stores[i], err = pgstore.Open(t.Context(), withPool(t, m.url, "2"), &pgstore.Options{Schema: m.schema})
		require.NoError(t, err)
	})
	works(t, stores[0])
	for _, store := range stores {
		requireCommitted(t, store, "plain", "plain")
		require.NoError(t, store.Close())
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	m.open(t, pgstore.Options{})
	m.exec(t, "INSERT INTO "+m.schema+".schema_version (version) VALUES (99)")
	_, err := pgstore.Open(t.Context(), m.url, &pgstore.Options{Schema: m.schema})
	require.ErrorIs(t, err, pgstore.ErrNewerSchema)
}

// TestARoleNeedsNoMoreThanIsDocumented has a role that can make nothing.
func TestARoleNeedsNoMoreThanIsDocumented(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	url := server.Database(t)
	role, roleURL := server.Role(t, url)
	opts := &pgstore.Options{Schema: "ledger"}
	_, err := pgstore.Open(t.Context(), withPool(t, roleURL, "3"), opts)
	require.ErrorContains(t, err, "privilege")

	owner, err := pgstore.Open(t.Context(), withPool(t, url, "3"), opts)
	require.NoError(t, err)
	require.NoError(t, owner.Close())
	m := medium{url: url, schema: "ledger"}
	m.exec(t, "GRANT USAGE ON SCHEMA ledger TO "+role)
	m.exec(t, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ledger TO "+role)
	m.exec(t, "GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA ledger TO "+role)
	store, err := pgstore.Open(t.Context(), withPool(t, roleURL, "3"), opts)
	require.NoError(t, err)
	works(t, store)
	require.NoError(t, store.Close())
}

func TestABadSchemaNameIsRefused(t *testing.T) {
	t.Parallel()
	url, _ := pgtest.Start(t).Schema(t)
	for _, name := range []string{"Upper", "a-b", "1a", `a"b`, strings.Repeat("a", 64), " "} {
		_, err := pgstore.Open(t.Context(), url, &pgstore.Options{Schema: name})
		require.ErrorContains(t, err, "schema name", name)
	}
}
