package pgtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Database creates an empty database and returns its URL. The database is
// dropped when the test ends, with whatever is connected to it still. That
// takes about 100 milliseconds; where many are needed, see [Server.Schema].
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := newName()
	s.Exec(tb, "CREATE DATABASE "+name+" TEMPLATE template0")
	tb.Cleanup(func() { s.cleanUp(tb, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u := s.parsed(tb)
	u.Path = "/" + name
	return u.String()
}

// Schema returns the URL of the server's database and a name for a schema in
// it that nobody else uses. The schema does not exist yet; it is dropped when
// the test ends. Tests in different schemas of one database share what a
// database has one of, such as its channels for LISTEN.
func (s *Server) Schema(tb testing.TB) (databaseURL, schema string) {
	tb.Helper()
	name := newName()
	tb.Cleanup(func() { s.cleanUp(tb, "DROP SCHEMA IF EXISTS "+name+" CASCADE") })
	return s.url, name
}

// Role creates a role that may log in and, until it is granted more, do
// nothing else. It returns the role's name and the URL of a database with it.
// The role is dropped when the test ends, with what it owns in that database.
func (s *Server) Role(tb testing.TB, databaseURL string) (role, roleURL string) {
	tb.Helper()
	name, password := newName(), rand.Text()
	s.Exec(tb, "CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"'")
	tb.Cleanup(func() {
		owner := &Server{url: databaseURL, cluster: s.cluster}
		owner.cleanUp(tb, "DROP OWNED BY "+name)
		owner.cleanUp(tb, "DROP ROLE IF EXISTS "+name)
	})
	u, err := url.Parse(databaseURL)
	require.NoError(tb, err)
	u.User = url.UserPassword(name, password)
	return name, u.String()
}

// Exec runs statements without parameters on the server's own database, on a
// connection of their own.
func (s *Server) Exec(tb testing.TB, statements string) {
	tb.Helper()
	require.NoError(tb, execute(tb.Context(), s.url, statements), statements)
}

// cleanUp is Exec at the end of a test, when its context is over. A server
// that the test has left stopped needs no cleaning: it is removed as a whole.
func (s *Server) cleanUp(tb testing.TB, statement string) {
	tb.Helper()
	if s.cluster != nil && !s.cluster.running() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(tb, execute(ctx, s.url, statement), statement)
}

func (c *cluster) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keeper != nil
}

func execute(ctx context.Context, url, statements string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is under way
	_, err = conn.Exec(ctx, statements)
	return err
}

func (s *Server) parsed(tb testing.TB) *url.URL {
	tb.Helper()
	u, err := url.Parse(s.url)
	require.NoError(tb, err, "%s must be a URL", envURL)
	return u
}

// newName returns a name that needs no quotes in SQL.
func newName() string { return "test_" + strings.ToLower(rand.Text()) }
