package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
)

// ErrNewerSchema is returned by [Open] and [New] when a newer version of this
// package has written the schema. Nothing has been changed then.
var ErrNewerSchema = errors.New("the schema is newer than this program")

// ErrSchema is returned by [Open] and [New] when Options.VerifyOnly is set and
// migrations are to be applied first.
var ErrSchema = errors.New("the schema is not up to date")

// migrations are applied in the order of their names. One that was released
// never changes. The first only makes the schema; each of the others records
// its number.
//
//go:embed schema/*.sql
var migrations embed.FS

// Migrations returns the migrations of the store's schema as plain SQL files,
// for goose, tern, atlas, psql, or whatever else applies files in the order of
// their names. Each is for one transaction. The schema's name is filled in; ""
// is that of the zero [Options]. They record what was applied, so a store
// knows it, whoever has applied them.
func Migrations(schema string) fs.FS {
	if schema == "" {
		schema = defaultSchema
	}
	files := make(fstest.MapFS)
	for _, m := range scripts(schema) {
		files[m.name] = &fstest.MapFile{Data: []byte(m.text), Mode: 0o444}
	}
	return files
}

type script struct{ name, text string }

// scripts returns the migrations in their order.
func scripts(schema string) []script {
	entries, err := migrations.ReadDir("schema")
	if err != nil {
		panic(err) // it is part of the program
	}
	found := make([]script, len(entries))
	for i, entry := range entries {
		text, err := migrations.ReadFile(path.Join("schema", entry.Name()))
		if err != nil {
			panic(err)
		}
		found[i] = script{
			name: entry.Name(),
			text: strings.ReplaceAll(string(text), `"cnerium"`, pgx.Identifier{schema}.Sanitize()),
		}
	}
	return found
}

// migrate brings the schema up to date, each step in a transaction of its own.
// Any number of nodes may do it at once: who is second finds that something
// exists already, and looks again.
func (s *Store) migrate(ctx context.Context) error {
	all := scripts(s.opts.Schema)
	for attempt := 1; ; {
		version, err := s.version(ctx)
		switch {
		case err != nil:
			return err
		case version > len(all):
			return fmt.Errorf("%w: %s has version %d, this program knows %d: use the program that wrote it, or a newer one",
				ErrNewerSchema, s.opts.Schema, version, len(all))
		case version == len(all):
			return nil
		case s.opts.VerifyOnly:
			return fmt.Errorf("%w: %s has version %d: apply %s and what comes after it from pgstore.Migrations(%q), "+
				"as a role that may", ErrSchema, s.opts.Schema, version, all[version].name, s.opts.Schema)
		}
		err = s.apply(ctx, all[version].text)
		switch {
		case err == nil:
			attempt = 1
		case isDuplicate(err) && attempt < 2*attempts && pause(ctx, attempt):
			attempt++
		default:
			return fmt.Errorf("apply %s: %w", all[version].name, err)
		}
	}
}

// selectSchema tells whether there are the schema and its table of versions.
const selectSchema = `
SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1),
	EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'schema_version')`

// version returns how many migrations are applied.
func (s *Store) version(ctx context.Context) (version int, err error) {
	err = s.persist(ctx, func(ctx context.Context) error {
		return s.using(ctx, func(conn *pgx.Conn) error {
			var schema, table bool
			if err := conn.QueryRow(ctx, selectSchema, s.opts.Schema).Scan(&schema, &table); err != nil {
				return err
			}
			switch {
			case table:
				query := "SELECT coalesce(max(version), 0) FROM " + pgx.Identifier{s.opts.Schema, "schema_version"}.Sanitize()
				return conn.QueryRow(ctx, query).Scan(&version)
			case schema:
				version = 1
			default:
				version = 0
			}
			return nil
		})
	})
	return version, err
}

// apply runs the script in a transaction.
func (s *Store) apply(ctx context.Context, text string) error {
	return s.using(ctx, func(conn *pgx.Conn) error {
		// Several statements in one text are one transaction, if they do not
		// say otherwise.
		return conn.PgConn().Exec(ctx, text).Close()
	})
}
