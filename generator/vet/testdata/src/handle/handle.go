package handle

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/cnerium/cnerium-go/runtime/pgstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
)

type Service struct {
	db     *sql.DB
	x      *sqlx.DB
	pool   *pgxpool.Pool
	insert *sql.Stmt
}

var shared *sql.DB

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

//cnerium:durable POST /orders orders.create
func (s *Service) Create(ctx context.Context, tx sqlitestore.Tx) error {
	if _, err := s.db.ExecContext(ctx, `INSERT INTO orders VALUES (?)`, 1); err != nil { // want `s.db.ExecContext writes outside of the transaction of Create: it stays when the handler fails, and comes again with a retry \[handle\]\n\tuse tx`
		return err
	}
	s.db.Exec(`DELETE FROM orders`)                                    // want `s.db.Exec writes outside`
	s.db.QueryRowContext(ctx, `SELECT 1`)                              // want `s.db.QueryRowContext reads outside of the transaction of Create: it does not see the rows written there, and may wait for it`
	s.db.QueryRowContext(ctx, `INSERT INTO o VALUES (1) RETURNING id`) // want `s.db.QueryRowContext writes`
	db := s.db
	db.Exec(`DELETE FROM orders`)              // want `db.Exec writes`
	s.insert.ExecContext(ctx, 1)               // want `s.insert.ExecContext writes`
	s.x.GetContext(ctx, nil, `SELECT 1`)       // want `s.x.GetContext reads`
	s.x.ExecContext(ctx, `DELETE FROM orders`) // want `s.x.ExecContext writes`
	shared.QueryContext(ctx, `SELECT 1`)       // want `shared.QueryContext reads`
	other, err := s.db.BeginTx(ctx, nil)       // want `s.db.BeginTx is a second way to the database, beside the transaction of Create`
	if err != nil {
		return err
	}
	other.ExecContext(ctx, `DELETE FROM orders`) // it is enough to say so where it begins
	func() {
		s.db.QueryContext(ctx, `SELECT 1`) // want `s.db.QueryContext reads`
	}()
	if err := insert(ctx, s.db); err != nil { // want `insert gets s.db in Create, which is a second way`
		return err
	}
	return s.audit(ctx)
}

func (s *Service) audit(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO audit VALUES (1)`) // want `s.db.ExecContext writes outside of the transaction of audit \(called by Create\).*\n\tgive audit the transaction of Create as a parameter`
	return err
}

func insert(ctx context.Context, q querier) error {
	_, err := q.ExecContext(ctx, `INSERT INTO orders VALUES (1)`)
	return err
}

//cnerium:durable POST /orders/{id}/pay orders.pay
func (s *Service) Pay(ctx context.Context, tx pgstore.Tx, id string) error {
	s.pool.Exec(ctx, `DELETE FROM orders`) // want `s.pool.Exec writes`
	s.pool.QueryRow(ctx, `SELECT 1`)       // want `s.pool.QueryRow reads`
	s.pool.Ping(ctx)
	return pgx.BeginFunc(ctx, s.pool, func(inner pgx.Tx) error { // want `pgx.BeginFunc gets s.pool in Pay`
		_, err := inner.Exec(ctx, `DELETE FROM orders`)
		return err
	})
}

//cnerium:durable POST /orders/{id}/void orders.void
func (s *Service) Void(ctx context.Context, _ sqlitestore.Tx, id string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM orders`) // want `s.db.ExecContext writes.*\n\tgive the parameter of the transaction a name, and use it`
	return err
}

// What follows is as it has to be.

//cnerium:durable POST /orders/{id}/ship orders.ship
func (s *Service) Ship(ctx context.Context, tx sqlitestore.Tx, id string) error {
	statement, err := tx.PrepareContext(ctx, `UPDATE orders SET shipped = 1`)
	if err != nil {
		return err
	}
	if _, err := statement.ExecContext(ctx); err != nil {
		return err
	}
	if err := run(ctx, statement); err != nil {
		return err
	}
	fmt.Println(s.db.Stats().OpenConnections, s.db)
	return insert(ctx, tx)
}

func run(ctx context.Context, statement *sql.Stmt) error {
	_, err := statement.ExecContext(ctx)
	return err
}

// Cancel has no transaction.
//
//cnerium:durable POST /orders/{id}/cancel orders.cancel
func (s *Service) Cancel(ctx context.Context, id string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE orders SET cancelled = 1`)
	return err
}

// List is no durable handler.
func (s *Service) List(ctx context.Context, tx sqlitestore.Tx) error {
	_, err := s.db.ExecContext(ctx, `SELECT 1`)
	return err
}
