package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
)

// statements prepares each query of the readers once, for all connections of
// a pool.
type statements struct {
	db *sql.DB

	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
	closed   bool
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, prepared: make(map[string]*sql.Stmt)}
}

// view is the queries of one read.
type view struct {
	ctx        context.Context
	statements *statements
}

func (v view) exec(query string, args ...any) (driver.Result, error) {
	stmt, err := v.statements.statement(v.ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(v.ctx, args...)
}

func (v view) row(query string, args []any, dest ...any) error {
	stmt, err := v.statements.statement(v.ctx, query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(v.ctx, args...).Scan(dest...)
}

func (v view) rows(query string, args []any, each func(scan scanner) error) error {
	stmt, err := v.statements.statement(v.ctx, query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(v.ctx, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

func (s *statements) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.prepared[query]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	// Outside the lock: it may have to wait for a connection.
	stmt, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.keep(query, stmt)
}

// keep remembers the statement, unless another one was faster.
func (s *statements) keep(query string, stmt *sql.Stmt) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(errClosed, stmt.Close())
	}
	if first := s.prepared[query]; first != nil {
		return first, stmt.Close()
	}
	s.prepared[query] = stmt
	return stmt, nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for _, stmt := range s.prepared {
		errs = append(errs, stmt.Close())
	}
	clear(s.prepared)
	return errors.Join(errs...)
}
