package main

import "github.com/cnerium/cnerium-go/examples/orders/internal/api"

// OrderCreated says that an order was placed.
//
//cnerium:event order.created
type OrderCreated struct{ api.OrderAnswer }

// OrderCancelled says that an order was cancelled.
//
//cnerium:event order.cancelled
type OrderCancelled struct{ api.CancelAnswer }

// PaymentCreated says that the provider has charged for an order.
//
//cnerium:event payment.created
type PaymentCreated struct{ api.PaymentAnswer }
