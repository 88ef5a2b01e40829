package sqlitestore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// ErrNewerSchema is returned by [Open] and [New] when a newer version of this
// package has written the database. Nothing has been changed then.
var ErrNewerSchema = errors.New("the database has a newer schema")

// migrations are applied in the order of their names, which begin with their
// versions. One that was released never changes.
//
//go:embed schema/*.sql
var migrations embed.FS

const (
	createSchemaTable = `
CREATE TABLE IF NOT EXISTS cnerium_schema (
	version    INTEGER PRIMARY KEY,
	applied_at INTEGER NOT NULL DEFAULT (1000 * unixepoch())
) STRICT`

	selectSchemaVersion = `SELECT coalesce(max(version), 0) FROM cnerium_schema`

	insertSchemaVersion = `INSERT INTO cnerium_schema (version) VALUES (?)`
)

// migrate brings the schema up to date, each step in a transaction of its
// own. The version is read inside it, so that any number of processes may
// open a new database at once.
func migrate(ctx context.Context, w *writer) error {
	files, err := fs.Glob(migrations, "schema/*.sql")
	if err != nil {
		return err
	}
	for upToDate := false; !upToDate; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := w.transaction(ctx, func(*session) error {
			upToDate, err = migrateStep(ctx, w, files)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// migrateStep applies the next file and reports whether there was none.
func migrateStep(ctx context.Context, w *writer, files []string) (bool, error) {
	if _, err := w.exec(createSchemaTable); err != nil {
		return false, err
	}
	var version int
	if err := w.row(selectSchemaVersion, nil, &version); err != nil {
		return false, err
	}
	switch {
	case version > len(files):
		return false, fmt.Errorf("%w: version %d, this program knows %d: use the program that wrote it, or a newer one",
			ErrNewerSchema, version, len(files))
	case version == len(files):
		return true, nil
	}
	script, err := migrations.ReadFile(files[version])
	if err != nil {
		return false, err
	}
	if _, err := w.session.conn.ExecContext(context.WithoutCancel(ctx), string(script), nil); err != nil {
		return false, fmt.Errorf("migrate to version %d: %w", version+1, err)
	}
	_, err = w.exec(insertSchemaVersion, version+1)
	return false, err
}
