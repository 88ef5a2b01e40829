// Package api has what goes over the wire in the example: the bodies of
// requests and answers, which are the same whatever database is behind them.
package api

import (
	"errors"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// ErrNoOrder is returned for an order that does not exist.
var ErrNoOrder = errors.New("there is no such order")

// OrderRequest says what is ordered.
type OrderRequest struct {
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
}

// Validate is called by the generated code. A request that it refuses stores
// nothing, and its key stays free.
func (r OrderRequest) Validate() error {
	switch {
	case r.ProductID == "":
		return cnerium.BadRequest("Missing required field: product_id")
	case r.Quantity <= 0:
		return cnerium.BadRequest("Field quantity must be greater than zero")
	}
	return nil
}

// OrderAnswer tells about an order that was placed: in the answer to its client,
// and in the event order.created.
type OrderAnswer struct {
	OK        bool   `json:"ok"`
	OrderID   string `json:"order_id"`
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
}

// EventSubject says what an event with this data is about.
func (o *OrderAnswer) EventSubject() string { return o.OrderID }

// CancelAnswer tells about an order that was cancelled: in the answer to its
// client, and in the event order.cancelled.
type CancelAnswer struct {
	OK      bool   `json:"ok"`
	OrderID string `json:"order_id"`
	Status  string `json:"status"`
}

// EventSubject says what an event with this data is about.
func (o *CancelAnswer) EventSubject() string { return o.OrderID }

// Order is one row of the table.
type Order struct {
	Row       int64  `json:"row"`
	OrderID   string `json:"order_id"`
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
	Status    string `json:"status"`
	CreatedAt string `json:"created_at"` // RFC 3339
}

// PaymentRequest says what is paid.
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

// PaymentAnswer tells about a payment: in the answer to its client, and in the
// event payment.created.
type PaymentAnswer struct {
	OK          bool   `json:"ok"`
	PaymentID   string `json:"payment_id"`
	OrderID     string `json:"order_id"`
	AmountCents int64  `json:"amount_cents"`
	Currency    string `json:"currency"`
	Reference   string `json:"reference"` // that the provider has for it
}

// EventSubject says what an event with this data is about.
func (p *PaymentAnswer) EventSubject() string { return p.OrderID }
