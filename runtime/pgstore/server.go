package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// oldest is the oldest version of the server that has what the store uses, as
// server_version_num counts.
const oldestServer = 130000

// poolConfig parses the URL. With several hosts, and nothing said about which
// of them, a connection is made to the one that takes writes.
func poolConfig(text string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, err
	}
	if len(config.ConnConfig.Fallbacks) == 0 || strings.Contains(text, "target_session_attrs") {
		return config, nil
	}
	if u, err := url.Parse(text); err == nil && u.Scheme != "" {
		query := u.Query()
		query.Set("target_session_attrs", "read-write")
		u.RawQuery = query.Encode()
		return pgxpool.ParseConfig(u.String())
	}
	return pgxpool.ParseConfig(text + " target_session_attrs=read-write")
}

const selectServer = `
SELECT current_setting('server_version_num')::integer, pg_is_in_recovery(),
	current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')`

// checkServer refuses a server that does not keep what it acknowledges.
func (s *Store) checkServer(ctx context.Context) error {
	switch {
	case s.opts.Portable && s.opts.RequireSynchronousStandby:
		return errors.New("Options.Portable asks nothing of the server, so Options.RequireSynchronousStandby cannot be kept: drop one")
	case s.opts.Portable:
		return s.ping(ctx)
	}
	return s.persist(ctx, func(ctx context.Context) error {
		return s.using(ctx, func(conn *pgx.Conn) error {
			var version int
			var standby bool
			var fsync, synchronous, pages string
			err := conn.QueryRow(ctx, selectServer).Scan(&version, &standby, &fsync, &synchronous, &pages)
			switch {
			case err != nil:
				return err
			case version < oldestServer:
				return fmt.Errorf("the server's version is %d: the store needs PostgreSQL 13 or later", version)
			case standby:
				return errors.New("the server is a standby, and lacks what the primary has just committed: connect to the primary")
			case fsync == "off", pages == "off":
				return fmt.Errorf("the server runs with fsync %s and full_page_writes %s, and loses what it has answered "+
					"when it crashes: set both to on", fsync, pages)
			case synchronous == "off":
				return errors.New("synchronous_commit is off for this role or database, so what was answered is lost " +
					"when the server crashes: ALTER ROLE or ALTER DATABASE … SET synchronous_commit = on")
			}
			if !s.opts.RequireSynchronousStandby {
				return nil
			}
			return checkStandby(ctx, conn, synchronous)
		})
	})
}

func (s *Store) ping(ctx context.Context) error {
	return s.using(ctx, func(conn *pgx.Conn) error { return conn.Ping(ctx) })
}

const selectStandbys = `
SELECT current_setting('synchronous_standby_names'),
	count(*) FILTER (WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming')
FROM pg_stat_replication`

// checkStandby makes sure that commits wait for another server.
func checkStandby(ctx context.Context, conn *pgx.Conn, synchronous string) error {
	var names string
	var standbys int
	if err := conn.QueryRow(ctx, selectStandbys).Scan(&names, &standbys); err != nil {
		return err
	}
	switch {
	case synchronous != "on" && synchronous != "remote_apply":
		return fmt.Errorf("Options.RequireSynchronousStandby: synchronous_commit is %s, which does not wait "+
			"for a standby's disk: set it to on or remote_apply", synchronous)
	case names == "":
		return errors.New("Options.RequireSynchronousStandby: synchronous_standby_names is empty, " +
			"so commits wait for no standby")
	case standbys == 0:
		return errors.New("Options.RequireSynchronousStandby: no synchronous standby is connected, " +
			"or the role may not see it: GRANT pg_monitor")
	}
	return nil
}

// Check writes and reads, and looks again whether the server is one that keeps
// what it acknowledges.
func (s *Store) Check(ctx context.Context) error {
	return s.call(ctx, "check", func(ctx context.Context) error {
		if err := s.checkServer(ctx); err != nil {
			return err
		}
		return s.using(ctx, func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, s.sql.probe)
			if err == nil && tag.RowsAffected() != 1 {
				err = errors.New("the store's tables are damaged: the row of meta is gone")
			}
			return err
		})
	})
}

// locksByName reports whether a handler's transaction can lock its record by
// its name alone: it can when a statement sees what was committed before it
// began, and not only what was before the transaction.
func (s *Store) locksByName(ctx context.Context) (bool, error) {
	isolation := string(s.opts.Isolation)
	switch {
	case s.opts.Portable:
		return false, nil
	case isolation == "":
		if err := s.pool.QueryRow(ctx, "SHOW default_transaction_isolation").Scan(&isolation); err != nil {
			return false, err
		}
	}
	return strings.EqualFold(isolation, string(pgx.ReadCommitted)), nil
}
