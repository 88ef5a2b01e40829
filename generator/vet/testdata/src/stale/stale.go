package stale

import "context"

// Create places an order.
//
// want +2 `cnerium_gen.go is stale \[stale\]\n\trun go generate`
//
//cnerium:durable POST /orders orders.create
func Create(ctx context.Context) error { return nil }
