// Package documented has a document besides.
package documented

import "context"

// want +1 `openapi.json is missing \[stale\]\n\trun go generate`
//cnerium:package openapi=openapi.json

// Create places an order.
//
// want +2 `cnerium_gen.go is missing \[stale\]`
//
//cnerium:durable POST /orders orders.create
func Create(ctx context.Context) error { return nil }
