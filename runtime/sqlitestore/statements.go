package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements runs queries on a connection or on a pool and prepares each of
// them once. Whether they run in a transaction is the business of its owner.
type statements struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)

	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
	closed   bool
}

func newStatements(prepare func(ctx context.Context, query string) (*sql.Stmt, error)) *statements {
	return &statements{prepare: prepare, prepared: make(map[string]*sql.Stmt)}
}

// exec runs a query that returns no rows.
func (s *statements) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// row scans the first row into dest; sql.ErrNoRows if there is none.
func (s *statements) row(ctx context.Context, query string, args []any, dest ...any) error {
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}

// rows calls each for every row, which it scans itself.
func (s *statements) rows(ctx context.Context, query string, args []any, each func(scan scanner) error) error {
	stmt, err := s.statement(ctx, query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
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

// scanner copies the columns of a row into dest.
type scanner func(dest ...any) error

func (s *statements) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.prepared[query]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	// Outside the lock: it may have to wait for a connection.
	stmt, err := s.prepare(ctx, query)
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
