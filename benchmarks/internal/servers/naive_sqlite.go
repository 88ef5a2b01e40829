package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
)

// sqliteKeys is the table of a naive middleware in SQLite.
type sqliteKeys struct {
	writes *sql.DB // of one connection, so that writers queue instead of failing as busy
	reads  *sql.DB
}

const (
	createSQLiteKeys = `CREATE TABLE idempotency_keys (
		key         TEXT PRIMARY KEY,
		fingerprint BLOB NOT NULL,
		status      INTEGER,
		type        TEXT,
		body        BLOB
	) STRICT`
	findSQLiteKey    = `SELECT fingerprint, status, type, body FROM idempotency_keys WHERE key = ?`
	reserveSQLiteKey = `INSERT INTO idempotency_keys (key, fingerprint) VALUES (?, ?) ON CONFLICT DO NOTHING`
	storeSQLiteKey   = `UPDATE idempotency_keys SET status = ?, type = ?, body = ? WHERE key = ?`
)

func openNaiveSQLite(ctx context.Context, cfg Config) (*Server, error) {
	uri := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(cfg.Dir, "naive.db")), RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)"},
		"_txlock": {"immediate"},
	}.Encode()}
	writes, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	writes.SetMaxOpenConns(1)
	if _, err := writes.ExecContext(ctx, createSQLiteKeys); err != nil {
		return nil, errors.Join(fmt.Errorf("create the table: %w", err), writes.Close())
	}
	reads, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), writes.Close())
	}
	reads.SetMaxOpenConns(16)
	reads.SetMaxIdleConns(16)
	mux := http.NewServeMux()
	mux.Handle("POST /orders", &naive{
		next: http.HandlerFunc(shop.Handle), keys: sqliteKeys{writes: writes, reads: reads}, looks: true,
	})
	return overHTTP(mux, closing(reads.Close), closing(writes.Close)), nil
}

func (k sqliteKeys) find(ctx context.Context, key string) (*kept, error) {
	var (
		found  kept
		status sql.NullInt64
		kind   sql.NullString
	)
	err := k.reads.QueryRowContext(ctx, findSQLiteKey, key).Scan(&found.hash, &status, &kind, &found.body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	found.status, found.kind = int(status.Int64), kind.String
	return &found, err
}

func (k sqliteKeys) reserve(ctx context.Context, key string, hash []byte) (bool, error) {
	changed, err := k.write(ctx, reserveSQLiteKey, key, hash)
	return changed > 0, err
}

func (k sqliteKeys) store(ctx context.Context, key string, status int, kind string, body []byte) error {
	_, err := k.write(ctx, storeSQLiteKey, status, kind, body, key)
	return err
}

// write is one step: one transaction, and one sync.
func (k sqliteKeys) write(ctx context.Context, statement string, args ...any) (int64, error) {
	tx, err := k.writes.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after Commit
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	return changed, tx.Commit()
}
