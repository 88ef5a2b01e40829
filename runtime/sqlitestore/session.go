package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
)

// queries runs queries, each of which is prepared once. Whether they run in a
// transaction is the business of its owner.
type queries interface {
	// exec runs a query that returns no rows.
	exec(query string, args ...any) (driver.Result, error)

	// row scans the first row into dest; sql.ErrNoRows if there is none.
	row(query string, args []any, dest ...any) error

	// rows calls each for every row, which it scans itself.
	rows(query string, args []any, each func(scan scanner) error) error
}

// scanner copies the columns of a row into dest.
type scanner func(dest ...any) error

// driverConn is what the store uses of a connection of modernc.org/sqlite.
type driverConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	sqlite.HookRegisterer
	sqlite.DBStatus
}

// driverOf returns what is below a connection of a pool. While that is not
// closed, nobody else gets it.
func driverOf(conn *sql.Conn) (inner driverConn, err error) {
	err = conn.Raw(func(raw any) error {
		var ok bool
		if inner, ok = raw.(driverConn); !ok {
			return fmt.Errorf("the pool's connections are %T: open it with the driver modernc.org/sqlite", raw)
		}
		return nil
	})
	return inner, err
}

// session is the queries of one connection. It works below database/sql, whose
// locks and conversions cost more than the statements of an operation. One
// goroutine may use it at a time.
type session struct {
	conn     driverConn
	prepared map[string]driver.Stmt
	args     []driver.NamedValue

	// wrote tells that a query has changed something since it was last set
	// to false.
	wrote bool
}

func newSession(conn driverConn) *session {
	return &session{conn: conn, prepared: make(map[string]driver.Stmt)}
}

func (s *session) exec(query string, args ...any) (driver.Result, error) {
	stmt, err := s.statement(query)
	if err != nil {
		return nil, err
	}
	result, err := stmt.(driver.StmtExecContext).ExecContext(context.Background(), s.bind(args))
	if err != nil {
		return nil, err
	}
	n, err := result.RowsAffected()
	s.wrote = s.wrote || n > 0
	return result, err
}

func (s *session) row(query string, args []any, dest ...any) error {
	found := false
	err := s.rows(query, args, func(scan scanner) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return err
}

func (s *session) rows(query string, args []any, each func(scan scanner) error) error {
	stmt, err := s.statement(query)
	if err != nil {
		return err
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), s.bind(args))
	if err != nil {
		return err
	}
	values := make([]driver.Value, len(rows.Columns()))
	scan := func(dest ...any) error { return assign(values, dest) }
	for err == nil {
		if err = rows.Next(values); err == nil {
			err = each(scan)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

func (s *session) statement(query string) (driver.Stmt, error) {
	if stmt := s.prepared[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(context.Background(), query)
	if err == nil {
		s.prepared[query] = stmt
	}
	return stmt, err
}

// bind returns the arguments as the driver takes them, until the next call.
func (s *session) bind(args []any) []driver.NamedValue {
	s.args = s.args[:0]
	for i, arg := range args {
		if n, ok := arg.(int); ok {
			arg = int64(n)
		}
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: arg})
	}
	return s.args
}

func (s *session) close() error {
	var errs []error
	for _, stmt := range s.prepared {
		errs = append(errs, stmt.Close())
	}
	clear(s.prepared)
	return errors.Join(errs...)
}

// assign copies a row of the driver into dest, as database/sql would.
func assign(values []driver.Value, dest []any) error {
	if len(values) != len(dest) {
		return fmt.Errorf("a row has %d columns, not %d", len(values), len(dest))
	}
	for i, value := range values {
		var ok bool
		switch to := dest[i].(type) {
		case *int64:
			*to, ok = value.(int64)
		case *int:
			var n int64
			n, ok = value.(int64)
			*to = int(n)
		case *string:
			*to, ok = value.(string)
		case *[]byte:
			if *to, ok = value.([]byte); value == nil {
				ok = true
			}
		}
		if !ok {
			return fmt.Errorf("column %d is %T, not %T", i, value, dest[i])
		}
	}
	return nil
}
