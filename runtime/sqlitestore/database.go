package sqlitestore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// busyTimeout is how long, in milliseconds, a connection waits for another
// one to let go of the file.
const busyTimeout = 10_000

// OpenDB opens a pool for the application's own use of the database at path,
// to be shared with a store by [New]. Any path works, whatever characters it
// has, and a relative one keeps its meaning when the working directory
// changes. ":memory:" is a new database in memory, which all connections of
// the pool share and which ends with it.
//
// Its connections use WAL and synchronous=FULL, check foreign keys and wait
// up to ten seconds for each other. A transaction takes the write lock when
// it begins, unless it is read-only: one that reads first and writes later
// could otherwise fail halfway. Times are written in a form that sorts and
// that SQLite's own functions read. The context bounds the opening only.
func OpenDB(ctx context.Context, path string) (*sql.DB, error) {
	db, err := openDB(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: open %s: %w", path, explainOpen(err, path))
	}
	return db, nil
}

func openDB(ctx context.Context, path string) (*sql.DB, error) {
	connector, err := connectorFor(ctx, path)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	// The default of two idle connections would have them opened and closed
	// all the time.
	limit := max(16, 4*runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(limit)
	db.SetMaxIdleConns(limit)
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = enableWAL(ctx, conn)
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func connectorFor(ctx context.Context, path string) (driver.Connector, error) {
	query := url.Values{
		"_busy_timeout": {strconv.Itoa(busyTimeout)},
		"_foreign_keys": {"on"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
		"_time_format":  {"sqlite"},
		"_error_rc":     {"1"},
	}
	if path == ":memory:" {
		return newMemoryConnector(ctx, query)
	}
	uri, err := fileURI(path, query)
	if err != nil {
		return nil, err
	}
	return sqlite.NewConnector(uri)
}

// fileURI returns the path as an SQLite URI, in which no character of it has
// a meaning of its own.
func fileURI(path string, query url.Values) (string, error) {
	switch {
	case path == "":
		return "", errors.New("the path is empty")
	case strings.ContainsRune(path, 0):
		return "", errors.New("the path has a zero byte")
	case strings.HasPrefix(path, "file:"):
		return "", errors.New("this is a URI: give a path, or open the database yourself and use New")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") { // a drive letter
		abs = "/" + abs
	}
	uri := url.URL{Scheme: "file", Path: abs, RawQuery: query.Encode()}
	return uri.String(), nil
}

// memoryConnector opens connections to one database in memory and keeps one
// open, because the database ends with its last connection.
type memoryConnector struct {
	driver.Connector
	anchor driver.Conn
}

func newMemoryConnector(ctx context.Context, query url.Values) (*memoryConnector, error) {
	query.Set("vfs", "memdb")
	uri := url.URL{Scheme: "file", Path: "/" + rand.Text(), RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(uri.String())
	if err != nil {
		return nil, err
	}
	anchor, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &memoryConnector{Connector: connector, anchor: anchor}, nil
}

// Close lets the database go. The pool calls it at its own end.
func (c *memoryConnector) Close() error { return c.anchor.Close() }

// enableWAL returns the journal mode, which is "wal" unless the database does
// not allow it. The mode is kept in the file; for the moment of the change it
// must not be in use, and SQLite does not wait for that by itself.
func enableWAL(ctx context.Context, conn *sql.Conn) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout*time.Millisecond)
	defer cancel()
	for {
		var mode string
		err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		if !isBusy(err) {
			return mode, err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(10 * time.Millisecond):
		}
	}
}
