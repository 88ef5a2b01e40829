package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/testenv"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

const (
	pooler       = "pgbouncer"
	poolerConfig = "pgbouncer.ini"
)

// Pooler starts a PgBouncer in front of the server, in transaction mode, and
// returns it as if it were a server: its URL leads to the same database, with
// the same role. The settings are lines of pgbouncer.ini. It skips the test
// where there is no PgBouncer, or fails it where the environment requires
// "pgbouncer". The pooler is removed when the test ends.
func (s *Server) Pooler(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	bin, err := poolerFolder()
	if err != nil {
		const advice = "install PgBouncer (Debian: apt-get install pgbouncer)"
		if testenv.Requires(pooler) {
			tb.Fatalf("PgBouncer is required by %s, but %v: %s", envRequire, err, advice)
		}
		tb.Skipf("no PgBouncer: %v: %s", err, advice)
	}
	p, err := startPooler(bin, s.url, settings)
	require.NoError(tb, err)
	tb.Cleanup(p.remove)
	return p
}

// poolerFolder returns the folder of the program, which Debian keeps where
// only root looks.
func poolerFolder() (string, error) {
	if path, err := exec.LookPath(pooler); err == nil {
		return filepath.Dir(path), nil
	}
	for _, folder := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if isProgram(filepath.Join(folder, pooler)) {
			return folder, nil
		}
	}
	return "", errors.New("it is neither on PATH nor where systems put it")
}

func startPooler(bin, target string, settings []string) (*Server, error) {
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a pooler: %w", err)
	}
	p := &Server{cluster: &cluster{bin: bin, folder: folder, pooler: true}}
	if err := p.poolSomewhere(target, settings); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return p, nil
}

// poolSomewhere starts the pooler on a free port, like runSomewhere a server.
func (s *Server) poolSomewhere(target string, settings []string) error {
	u, err := url.Parse(target)
	if err != nil {
		return fmt.Errorf("read the server's URL: %w", err)
	}
	for range 5 {
		if s.cluster.port, err = freePort(); err != nil {
			return err
		}
		if err := s.cluster.configurePooler(target, settings); err != nil {
			return fmt.Errorf("write the settings: %w", err)
		}
		u.Host = fmt.Sprintf("127.0.0.1:%d", s.cluster.port)
		u.RawQuery = "sslmode=disable"
		s.url = u.String()
		if err = s.run(); err == nil {
			return nil
		}
	}
	return err
}

// configurePooler writes what PgBouncer reads: where the server is, and who may
// come. It logs in as whoever comes.
func (c *cluster) configurePooler(target string, settings []string) error {
	server, err := pgx.ParseConfig(target)
	if err != nil {
		return err
	}
	users := filepath.Join(c.folder, "users")
	lines := append([]string{
		"[databases]",
		fmt.Sprintf("* = host=%s port=%d", server.Host, server.Port),
		"[pgbouncer]",
		"pool_mode = transaction",
		"listen_addr = 127.0.0.1",
		fmt.Sprintf("listen_port = %d", c.port),
		"unix_socket_dir =",
		"auth_type = plain",
		"auth_file = " + users,
		"max_client_conn = 1000",
		"default_pool_size = 40",
	}, settings...)
	quote := func(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }
	for file, text := range map[string]string{
		filepath.Join(c.folder, poolerConfig): strings.Join(lines, "\n") + "\n",
		users:                                 quote(server.User) + " " + quote(server.Password) + "\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		if err := c.handOver(file); err != nil {
			return err
		}
	}
	return nil
}
