package pgstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// sendPrepared does what sendBatch does, with statements that the connection has
// prepared, and everything in binary. On this side of the connection it costs
// much less: the store knows its statements, so that nothing has to be found out
// about types.
func (x *exchange) sendPrepared(
	ctx context.Context, conn *pgx.Conn,
) (done int, tag pgconn.CommandTag, err error) {
	if len(x.statements) == 1 {
		done, tag, err = x.sendOnly(ctx, conn)
	} else {
		done, tag, err = x.sendSeveral(ctx, conn)
	}
	if isForgotten(err) {
		_ = conn.Close(ctx) // who knows what else it has forgotten
	}
	return done, tag, err
}

// sendOnly sends the only statement.
func (x *exchange) sendOnly(ctx context.Context, conn *pgx.Conn) (done int, tag pgconn.CommandTag, err error) {
	st := &x.statements[0]
	prepared, values, err := st.encode(ctx, conn)
	if err != nil {
		return 0, tag, err
	}
	rows := preparedRows{types: conn.TypeMap()}
	rows.reader = conn.PgConn().ExecStatement(ctx, prepared, values, binaryFormat, binaryFormat)
	if tag, err = st.receive(&rows); err == nil {
		done = 1
	}
	return done, tag, err
}

// sendSeveral sends the statements together.
func (x *exchange) sendSeveral(ctx context.Context, conn *pgx.Conn) (done int, tag pgconn.CommandTag, err error) {
	var batch pgconn.Batch
	for i := range x.statements {
		prepared, values, err := x.statements[i].encode(ctx, conn)
		if err != nil {
			return 0, tag, err
		}
		batch.ExecStatement(prepared, values, binaryFormat, binaryFormat)
	}
	results := conn.PgConn().ExecBatch(ctx, &batch)
	rows := preparedRows{types: conn.TypeMap()}
	for err == nil && results.NextResult() {
		rows.reader = results.ResultReader()
		if tag, err = x.statements[done].receive(&rows); err == nil {
			done++
		}
	}
	if failed := results.Close(); err == nil {
		err = failed
	}
	return done, tag, err
}

// receive takes in the answer to its end.
func (st *statement) receive(rows *preparedRows) (pgconn.CommandTag, error) {
	err := st.take(rows)
	tag, failed := rows.reader.Close()
	if err == nil {
		err = failed
	}
	return tag, err
}

var binaryFormat = []int16{pgx.BinaryFormatCode}

// encode prepares the statement, if the connection has not prepared it yet, and
// returns its parameters in binary. Texts and byte strings are as they are, and
// bigint is the only integer that the store's statements take.
func (st *statement) encode(
	ctx context.Context, conn *pgx.Conn,
) (prepared *pgconn.StatementDescription, values [][]byte, err error) {
	prepared, err = conn.Prepare(ctx, st.query, st.query)
	if err != nil || len(st.args) == 0 {
		return prepared, nil, err
	}
	values = make([][]byte, len(st.args))
	integers := make([]byte, 0, 8*len(st.args))
	for i, arg := range st.args {
		switch arg := arg.(type) {
		case []byte:
			values[i] = arg
		case string:
			values[i] = []byte(arg)
		case int64:
			integers = binary.BigEndian.AppendUint64(integers, uint64(arg))
			values[i] = integers[len(integers)-8:]
		case *int64:
			if arg != nil {
				values[i] = binary.BigEndian.AppendUint64(nil, uint64(*arg))
			}
		default:
			values[i], err = conn.TypeMap().Encode(prepared.ParamOIDs[i], pgx.BinaryFormatCode, arg, []byte{}) // nil would be NULL
			if err != nil {
				return nil, nil, err
			}
		}
	}
	return prepared, values, nil
}

// preparedRows are rows in binary.
type preparedRows struct {
	reader *pgconn.ResultReader
	types  *pgtype.Map
	err    error
}

// Next is that of pgx.Rows.
func (r *preparedRows) Next() bool {
	if r.reader.NextRow() {
		return true
	}
	_, r.err = r.reader.Close()
	return false
}

// Err is that of pgx.Rows.
func (r *preparedRows) Err() error { return r.err }

// Scan is that of pgx.Rows, for what the store's statements return.
func (r *preparedRows) Scan(dest ...any) error {
	values := r.reader.Values()
	if len(values) != len(dest) {
		return fmt.Errorf("the row has %d columns, not %d", len(values), len(dest))
	}
	for i, value := range values {
		switch to := dest[i].(type) {
		case *[]byte:
			*to = slices.Clone(value)
			continue
		case *int64:
			if len(value) == 8 {
				*to = int64(binary.BigEndian.Uint64(value))
				continue
			}
		case *bool:
			if len(value) == 1 {
				*to = value[0] != 0
				continue
			}
		}
		err := r.types.Scan(r.reader.FieldDescriptions()[i].DataTypeOID, pgx.BinaryFormatCode, value, dest[i])
		if err != nil {
			return err
		}
	}
	return nil
}
