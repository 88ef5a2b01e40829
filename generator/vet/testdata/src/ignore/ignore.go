package ignore

import (
	"context"
	"database/sql"

	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

type Service struct{ db *sql.DB }

//cnerium:durable POST /orders orders.create
func (s *Service) Create(ctx context.Context, tx sqlitestore.Tx) error {
	//cnerium:ignore handle the counter counts attempts
	s.db.ExecContext(ctx, `UPDATE counter SET n = n + 1`)
	s.db.ExecContext(ctx, `UPDATE counter SET n = n + 1`) //cnerium:ignore handle the counter counts attempts
	s.db.ExecContext(ctx, `UPDATE counter SET n = n + 1`) // want `writes outside`
	// want +1 `nothing to ignore here \[events\]`
	//cnerium:ignore events this is another category
	s.db.ExecContext(ctx, `UPDATE counter SET n = n + 1`) // want `writes outside`
	// want +1 `nothing to ignore here`
	//cnerium:ignore handle nothing is wrong in this line
	return nil
}
