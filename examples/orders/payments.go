package main

import (
	"context"
	"fmt"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// PaymentRequest is the body of POST /payments.
type PaymentRequest struct {
	OrderID     string `json:"order_id"`
	AmountCents int64  `json:"amount_cents"`
	Currency    string `json:"currency"`
}

// Validate is called by the generated code.
func (r PaymentRequest) Validate() error {
	switch {
	case r.OrderID == "":
		return cnerium.BadRequest("Missing required field: order_id")
	case r.AmountCents <= 0:
		return cnerium.BadRequest("Field amount_cents must be greater than zero")
	case r.Currency == "":
		return cnerium.BadRequest("Missing required field: currency")
	}
	return nil
}

// PaymentCreated is the answer to POST /payments, and the data of
// payment.created.
type PaymentCreated struct {
	OK          bool   `json:"ok"`
	PaymentID   string `json:"payment_id"`
	OrderID     string `json:"order_id"`
	AmountCents int64  `json:"amount_cents"`
	Currency    string `json:"currency"`
	Reference   string `json:"reference"` // the provider's
}

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
func (s *Service) CreatePayment(ctx context.Context, in PaymentRequest) (*PaymentCreated, error) {
	key := cnerium.FromContext(ctx).Key()
	reference, err := s.provider.charge(ctx, key, charge(in))
	if err != nil {
		return nil, fmt.Errorf("charge: %w", err)
	}
	out := &PaymentCreated{
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
