package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const superuser = "postgres"

// settings of every cluster of ours. What could make a commit less durable is
// left as PostgreSQL has it, and named here so that nobody wonders.
var settings = []string{
	"listen_addresses = '127.0.0.1'",
	"unix_socket_directories = ''",
	"max_connections = 200",
	"fsync = on",
	"synchronous_commit = on",
	"full_page_writes = on",
	"log_line_prefix = '%m [%p] %a '",
}

// startCluster makes a cluster and starts it.
func startCluster(more []string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a cluster: %w", err)
	}
	c := &cluster{bin: bin, folder: folder}
	s := &Server{cluster: c}
	password := rand.Text()
	if err := c.create(password); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := s.runSomewhere(password, more); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

// create runs initdb.
func (c *cluster) create(password string) error {
	file := filepath.Join(c.folder, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	if err := c.handOver(file); err != nil {
		return fmt.Errorf("give the folder to an unprivileged user: %w", err)
	}
	// The password goes over loopback only; hashing it for each of many
	// connections as SCRAM does would be most of their cost.
	initdb := c.command(filepath.Join(c.bin, "initdb"), "--pgdata", c.data(), "--username", superuser,
		"--auth", "md5", "--pwfile", file, "--encoding", "UTF8", "--no-locale", "--no-sync")
	if err := c.unprivileged(initdb); err != nil {
		return err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// runSomewhere starts the server on a free port. Another process may take a
// port between the look and the start, so it looks again.
func (s *Server) runSomewhere(password string, more []string) error {
	var err error
	for range 5 {
		s.cluster.port, err = freePort()
		if err != nil {
			return err
		}
		lines := slices.Concat(settings, more, []string{fmt.Sprintf("port = %d", s.cluster.port)})
		if err := s.cluster.configure(lines); err != nil {
			return fmt.Errorf("write the settings: %w", err)
		}
		s.url = s.cluster.urlOf(password)
		if err = s.run(); err == nil {
			return nil
		}
	}
	return err
}

// configure adds settings. Where one is there already, the new one counts.
func (c *cluster) configure(lines []string) error {
	conf, err := os.OpenFile(filepath.Join(c.data(), "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(conf, strings.Join(lines, "\n")+"\n")
	return errors.Join(err, conf.Close())
}

// freePort returns a port that nobody listens on. It is below those that
// systems give to outgoing connections, so that it is still free when a server
// comes back to it.
func freePort() (int, error) {
	var last error
	for range 50 {
		n, err := rand.Int(rand.Reader, big.NewInt(16_000))
		if err != nil {
			return 0, fmt.Errorf("choose a port: %w", err)
		}
		port := 16_000 + int(n.Int64())
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("find a free port: %w", last)
}

func (c *cluster) data() string { return filepath.Join(c.folder, "data") }

// log returns the end of the server's log, for failures.
func (c *cluster) log() string {
	text, err := os.ReadFile(filepath.Join(c.folder, "log"))
	if err != nil {
		return err.Error()
	}
	const enough = 4_000
	return string(text[max(0, len(text)-enough):])
}

// programs returns the folder of initdb and postgres. Debian keeps them out of
// PATH, one folder for each version; the newest is taken.
func programs() (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	if out, err := exec.CommandContext(context.Background(), "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("look for initdb: %w", err)
		}
		slices.Reverse(found)
		folders = append(folders, found...)
	}
	for _, folder := range folders {
		if isProgram(filepath.Join(folder, "initdb")) && isProgram(filepath.Join(folder, "postgres")) {
			return folder, nil
		}
	}
	return "", errors.New("initdb is neither on PATH nor where systems put it")
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
