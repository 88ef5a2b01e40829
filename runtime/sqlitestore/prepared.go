package sqlitestore

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

const (
	// maxPrepared is how many statements of handlers are kept.
	maxPrepared = 128

	// maxPreparedText is the length of the longest that is kept. Longer ones
	// are made up as a rule, for each request anew.
	maxPreparedText = 8 << 10
)

// prepared keeps statements of handlers on the writer's connection, because
// preparing one costs more than running it: those that were used last, by
// their texts. SQLite prepares a kept statement again by itself when the
// schema has changed. One goroutine may use it at a time.
type prepared struct {
	conn   driver.ConnPrepareContext
	byText map[string]*list.Element
	ring   list.List // of *statement, the one used last at the front
}

// statement is a prepared statement in use, by one execution or the rows of
// one query. A text that is used twice at a time has two.
type statement struct {
	driver.Stmt
	text string
	keep bool
}

func newPrepared(conn driver.ConnPrepareContext) *prepared {
	return &prepared{conn: conn, byText: make(map[string]*list.Element)}
}

// take returns a statement that nobody uses. It is for give to take back.
func (p *prepared) take(ctx context.Context, text string) (*statement, error) {
	if kept := p.byText[text]; kept != nil {
		return p.remove(kept), nil
	}
	stmt, err := p.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &statement{stmt, text, keepable(text)}, nil
}

// give keeps a statement for the next execution. After a failure it is
// prepared anew, so that nothing of the failure can be left in it. The error
// is the failure, or else that of the end of a statement.
func (p *prepared) give(s *statement, failure error) error {
	if failure != nil {
		_ = s.Close()
		return failure
	}
	if !s.keep || p.byText[s.text] != nil {
		return s.Close()
	}
	p.byText[s.text] = p.ring.PushFront(s)
	if p.ring.Len() > maxPrepared {
		return p.remove(p.ring.Back()).Close()
	}
	return nil
}

func (p *prepared) remove(kept *list.Element) *statement {
	s := p.ring.Remove(kept).(*statement)
	delete(p.byText, s.text)
	return s
}

func (p *prepared) close() error {
	var errs []error
	for p.ring.Len() > 0 {
		errs = append(errs, p.remove(p.ring.Front()).Close())
	}
	return errors.Join(errs...)
}

// exec runs a statement that returns no rows.
func (p *prepared) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := p.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return result, p.give(s, err)
}

// query runs a statement, which is in use until its rows are closed.
func (p *prepared) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := p.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, p.give(s, err)
	}
	return &preparedRows{rows.(typedRows), p, s}, nil
}

// typedRows is what the rows of modernc.org/sqlite tell database/sql.
type typedRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// preparedRows gives its statement back when it is closed.
type preparedRows struct {
	typedRows
	prepared  *prepared
	statement *statement
}

// Close implements driver.Rows. database/sql calls it once.
func (r *preparedRows) Close() error {
	return r.prepared.give(r.statement, r.typedRows.Close())
}

// keepable tells whether a statement does all that it does when it is run.
// Some pragmas do it when they are prepared, and a second run would do nothing.
func keepable(text string) bool {
	if len(text) > maxPreparedText {
		return false
	}
	switch strings.ToUpper(firstWord(text)) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES":
		return true
	}
	return false
}

// firstWord returns the first word of a statement, behind comments such as
// those with which generated code names its queries.
func firstWord(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n\f")
		var comment bool
		switch {
		case strings.HasPrefix(text, "--"):
			_, text, comment = strings.Cut(text, "\n")
		case strings.HasPrefix(text, "/*"):
			_, text, comment = strings.Cut(text[2:], "*/")
		}
		if !comment {
			break
		}
	}
	end := strings.IndexFunc(text, func(r rune) bool { return (r|' ') < 'a' || (r|' ') > 'z' })
	if end < 0 {
		return text
	}
	return text[:end]
}
