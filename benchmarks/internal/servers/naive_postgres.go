package servers

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
)

// postgresKeys is the table of a naive middleware in PostgreSQL: two statements
// for a new key, each committed on its own.
type postgresKeys struct{ *database }

func openNaivePostgres(ctx context.Context, cfg Config) (*Server, error) {
	d, err := openDatabase(ctx, cfg.Postgres)
	if err != nil {
		return nil, err
	}
	_, err = d.pool.Exec(ctx, "CREATE TABLE "+d.schema+
		".keys (key text PRIMARY KEY, fingerprint bytea NOT NULL, status integer, type text, body bytea)")
	if err != nil {
		return nil, errors.Join(err, d.drop(context.WithoutCancel(ctx)))
	}
	mux := http.NewServeMux()
	mux.Handle("POST /orders", &naive{next: http.HandlerFunc(shop.Handle), keys: postgresKeys{d}})
	return overHTTP(mux, closing(d.store.Close), d.drop), nil
}

func (k postgresKeys) find(ctx context.Context, key string) (*kept, error) {
	var found kept
	err := k.pool.QueryRow(ctx, "SELECT fingerprint, coalesce(status, 0), coalesce(type, ''), body FROM "+k.schema+
		".keys WHERE key = $1", key).Scan(&found.hash, &found.status, &found.kind, &found.body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &found, err
}

func (k postgresKeys) reserve(ctx context.Context, key string, hash []byte) (bool, error) {
	tag, err := k.pool.Exec(ctx, "INSERT INTO "+k.schema+
		".keys (key, fingerprint) VALUES ($1, $2) ON CONFLICT DO NOTHING", key, hash)
	return tag.RowsAffected() > 0, err
}

func (k postgresKeys) store(ctx context.Context, key string, status int, kind string, body []byte) error {
	_, err := k.pool.Exec(ctx, "UPDATE "+k.schema+".keys SET status = $2, type = $3, body = $4 WHERE key = $1",
		key, status, kind, body)
	return err
}
