package postgres

import (
	"context"
	"fmt"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const insertPayment = `
INSERT INTO payments (payment_id, order_id, amount_cents, currency, reference) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (payment_id) DO NOTHING`

// CreatePayment charges for an order. It calls another system and is a plain
// handler for that reason: when its node dies between the charge and the stored
// answer, every node answers retries with 409 outcome-unknown until an operator
// has settled it at any of them.
func (s *Shop) CreatePayment(ctx context.Context, in api.PaymentRequest) (*api.PaymentAnswer, error) {
	key := cnerium.FromContext(ctx).Key()
	reference, err := s.charge(ctx, key, in)
	if err != nil {
		return nil, fmt.Errorf("charge: %w", err)
	}
	out := &api.PaymentAnswer{
		OK:          true,
		PaymentID:   "pay_" + key,
		OrderID:     in.OrderID,
		AmountCents: in.AmountCents,
		Currency:    in.Currency,
		Reference:   reference,
	}
	_, err = s.pool.Exec(ctx, insertPayment, out.PaymentID, out.OrderID, out.AmountCents, out.Currency, out.Reference)
	if err != nil {
		return nil, fmt.Errorf("insert payment: %w", err)
	}
	if err := cnerium.Emit(ctx, "payment.created", out); err != nil {
		return nil, err
	}
	return out, nil
}
