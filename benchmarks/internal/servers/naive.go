package servers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
)

// naive is an idempotency middleware as an application has it that writes one
// for itself: look up, insert the key, run the handler, store its response,
// each in a transaction of its own. It has no lease: a key whose handler died
// is lost for good. That makes it cheaper, not dearer.
type naive struct {
	next   http.Handler
	writes *sql.DB // of one connection, so that writers queue instead of failing as busy
	reads  *sql.DB
}

const (
	createNaive = `CREATE TABLE idempotency_keys (
		key         TEXT PRIMARY KEY,
		fingerprint BLOB NOT NULL,
		status      INTEGER,
		type        TEXT,
		body        BLOB
	) STRICT`
	lookUpNaive  = `SELECT fingerprint, status, type, body FROM idempotency_keys WHERE key = ?`
	reserveNaive = `INSERT INTO idempotency_keys (key, fingerprint) VALUES (?, ?) ON CONFLICT DO NOTHING`
	storeNaive   = `UPDATE idempotency_keys SET status = ?, type = ?, body = ? WHERE key = ?`
)

func openNaive(ctx context.Context, cfg Config) (*Server, error) {
	uri := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(cfg.Dir, "naive.db")), RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)"},
		"_txlock": {"immediate"},
	}.Encode()}
	writes, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	writes.SetMaxOpenConns(1)
	if _, err := writes.ExecContext(ctx, createNaive); err != nil {
		return nil, errors.Join(fmt.Errorf("create the table: %w", err), writes.Close())
	}
	reads, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), writes.Close())
	}
	reads.SetMaxOpenConns(16)
	reads.SetMaxIdleConns(16)
	mux := http.NewServeMux()
	mux.Handle("POST /orders", &naive{next: http.HandlerFunc(shop.Handle), writes: writes, reads: reads})
	return overHTTP(mux, closing(reads.Close), closing(writes.Close)), nil
}

func (n *naive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := n.serve(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (n *naive) serve(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	key, hash := r.Header.Get(shop.KeyHeader), sha256.Sum256(body)
	done, err := n.replay(r.Context(), w, key, hash[:])
	if done || err != nil {
		return err
	}
	first, err := n.write(r.Context(), reserveNaive, key, hash[:])
	if err != nil {
		return err
	}
	if first == 0 {
		http.Error(w, "the first request is still running", http.StatusConflict)
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	n.next.ServeHTTP(answer, r)
	kind := answer.Header().Get("Content-Type")
	if _, err := n.write(r.Context(), storeNaive, answer.Code, kind, answer.Body.Bytes(), key); err != nil {
		return err
	}
	send(w, answer.Code, kind, answer.Body.Bytes())
	return nil
}

// replay answers from the table, if the key is there.
func (n *naive) replay(ctx context.Context, w http.ResponseWriter, key string, hash []byte) (bool, error) {
	var (
		known, body []byte
		status      sql.NullInt64
		kind        sql.NullString
	)
	err := n.reads.QueryRowContext(ctx, lookUpNaive, key).Scan(&known, &status, &kind, &body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look up the key: %w", err)
	case !bytes.Equal(known, hash):
		http.Error(w, "the key came with another body", http.StatusConflict)
	case !status.Valid:
		http.Error(w, "the first request is still running", http.StatusConflict)
	default:
		w.Header().Set("Idempotency-Replayed", "true")
		send(w, int(status.Int64), kind.String, body)
	}
	return true, nil
}

// write is one step: one transaction, and one sync.
func (n *naive) write(ctx context.Context, statement string, args ...any) (int64, error) {
	tx, err := n.writes.BeginTx(ctx, nil)
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

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have left
}
