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

// CreatePayment charges for an order. When the server dies between the charge
// and the answer, nobody can tell whether the money was taken: retries get 409
// outcome-unknown until somebody has looked.
//
//cnerium:durable POST /payments payments.create status=201 timeout=20s
func (s *Service) CreatePayment(ctx context.Context, in api.PaymentRequest) (*api.PaymentAnswer, error) {
	// The provider is another system, and no transaction of ours reaches it. So
	// a key whose outcome is unknown is held until somebody has looked at the
	// provider's list and settles it, see operator.go.
	//
	// The provider gets the client's key all the same. Whoever releases the key
	// by mistake then charges nobody twice: the provider answers the rerun with
	// the charge that it has already made. For such a provider recover=rerun
	// would be right, too; with money, a person looks first.
	key := cnerium.FromContext(ctx).Key()
	reference, err := s.provider.charge(ctx, key, charge(in))
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
	_, err = s.db.ExecContext(ctx, insertPayment, out.PaymentID, out.OrderID, out.AmountCents, out.Currency, out.Reference)
	if err != nil {
		return nil, fmt.Errorf("insert payment: %w", err)
	}
	if err := EmitPaymentCreated(ctx, PaymentCreated{*out}); err != nil {
		return nil, err
	}
	return out, nil
}
