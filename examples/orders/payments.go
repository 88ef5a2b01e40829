package main

import (
	"context"
	"fmt"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const insertPayment = `
INSERT INTO payments (payment_id, order_id, amount_cents, currency, reference) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (payment_id) DO NOTHING`

// CreatePayment charges for an order. The provider is another system, and no
// transaction of ours reaches it: when a crash comes between the charge and the
// stored answer, nobody here can tell whether the money was taken. So the key
// is held: retries get 409 outcome-unknown until somebody has looked at the
// provider's list and settles it, see operator.go.
//
// The provider gets the client's key all the same. Whoever releases the key by
// mistake then charges nobody twice: the provider answers the rerun with the
// charge that it has already made. For such a provider recover=rerun would be
// right, too; with money, a person looks first.
//
//cnerium:durable POST /payments payments.create status=201 timeout=20s
func (s *Service) CreatePayment(ctx context.Context, in api.PaymentRequest) (*api.PaymentCreated, error) {
	key := cnerium.FromContext(ctx).Key()
	reference, err := s.provider.charge(ctx, key, charge(in))
	if err != nil {
		return nil, fmt.Errorf("charge: %w", err)
	}
	out := &api.PaymentCreated{
		OK:          true,
		PaymentID:   "pay_" + key,
		OrderID:     in.OrderID,
		AmountCents: in.AmountCents,
		Currency:    in.Currency,
		Reference:   reference,
	}
	_, err = s.db.ExecContext(ctx, insertPayment, out.PaymentID, out.OrderID, out.AmountCents, out.Currency, out.Reference)
	if err != nil {
		return nil, fmt.Errorf("insert payment: %w", err)
	}
	if err := cnerium.Emit(ctx, "payment.created", out); err != nil {
		return nil, err
	}
	return out, nil
}
