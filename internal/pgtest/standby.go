package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Standby copies the server and starts the copy as a streaming standby, which
// the primary knows under the name. The primary waits for it at commit when
// that name is in its synchronous_standby_names. The server must come from
// [NewCluster]; the standby is removed when the test ends.
func (s *Server) Standby(tb testing.TB, name string) *Server {
	tb.Helper()
	require.NotNil(tb, s.cluster, "only a server of NewCluster may have a standby")
	standby, err := s.startStandby(name)
	require.NoError(tb, err)
	tb.Cleanup(standby.remove)
	return standby
}

func (s *Server) startStandby(name string) (*Server, error) {
	source, err := url.Parse(s.url)
	if err != nil {
		return nil, fmt.Errorf("read the primary's URL: %w", err)
	}
	password, _ := source.User.Password()
	query := source.Query()
	query.Set("application_name", name)
	source.RawQuery = query.Encode()
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a standby: %w", err)
	}
	c := &cluster{bin: s.cluster.bin, folder: folder}
	standby := &Server{cluster: c}
	if err := c.copyFrom(source.String()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := standby.runSomewhere(password, nil); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return standby, nil
}

// copyFrom runs pg_basebackup, which also writes what makes the copy a standby.
func (c *cluster) copyFrom(source string) error {
	if err := c.handOver(c.folder); err != nil {
		return fmt.Errorf("give the folder to an unprivileged user: %w", err)
	}
	backup := c.command(filepath.Join(c.bin, "pg_basebackup"), "--dbname", source, "--pgdata", c.data(),
		"--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
	if err := c.unprivileged(backup); err != nil {
		return err
	}
	if out, err := backup.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	return nil
}
