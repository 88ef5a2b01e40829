package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// patience bounds what a machine that is busy may take long for.
const patience = time.Minute

// Server is a running PostgreSQL. Its methods are safe for concurrent use, but
// Stop and Start by one goroutine at a time.
type Server struct {
	url     string // of a role that may create databases, to the database postgres
	cluster *cluster
}

// cluster is a server that was made here.
type cluster struct {
	bin    string // folder of the programs
	folder string // has the data and the log
	port   int
	pooler bool // it is PgBouncer, and no PostgreSQL

	mu     sync.Mutex
	keeper *keeper // nil while the server is stopped
}

// URL returns the URL of the server's database named postgres, with a role
// that may do everything in a cluster of ours.
func (s *Server) URL() string { return s.url }

// Mode is a way to stop a server.
type Mode string

const (
	// Immediate ends every process of the server at once and syncs nothing:
	// the next start recovers from the log, as after a crash.
	Immediate Mode = "QUIT"

	// Fast cuts the connections and shuts down cleanly.
	Fast Mode = "INT"
)

// Stop stops the server and returns when it is gone. The server must come from
// [NewCluster] and be running.
func (s *Server) Stop(tb testing.TB, mode Mode) {
	tb.Helper()
	require.NotNil(tb, s.cluster, "only a server of NewCluster may be stopped")
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	require.NotNil(tb, s.cluster.keeper, "the server is stopped already")
	err := s.cluster.keeper.stop(s.cluster.signal(mode))
	s.cluster.keeper = nil
	require.NoError(tb, err, s.cluster.log())
}

// Start starts a server again that was stopped, on the same port and data. It
// returns when the server takes connections.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	require.NotNil(tb, s.cluster, "only a server of NewCluster may be started")
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	require.Nil(tb, s.cluster.keeper, "the server runs already")
	require.NoError(tb, s.run())
}

// remove stops a server of ours and deletes its data.
func (s *Server) remove() {
	if s.cluster == nil {
		return
	}
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	if s.cluster.keeper != nil {
		_ = s.cluster.keeper.stop("") // what cannot be stopped cannot be helped here
		s.cluster.keeper = nil
	}
	_ = os.RemoveAll(s.cluster.folder)
}

// run starts the processes of the server and waits until it answers.
func (s *Server) run() error {
	keeper, err := keep(s.cluster)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ping(ctx, s.url)
		if err == nil {
			s.cluster.keeper = keeper
			return nil
		}
		select {
		case <-tick.C:
		case <-keeper.ended:
			return fmt.Errorf("postgres has ended: %s", s.cluster.log())
		case <-ctx.Done():
			_ = keeper.stop("")
			return fmt.Errorf("postgres does not answer: %w: %s", err, s.cluster.log())
		}
	}
}

func ping(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// command prepares one of the server's programs.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...) //nolint:gosec,noctx // a program of the cluster, which ends it itself
	cmd.Dir = c.folder                 // the user of the server may not enter the one of the tests
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	return cmd
}

func (c *cluster) urlOf(password string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, password),
		Host:     fmt.Sprintf("127.0.0.1:%d", c.port),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
