// Package redis stands for the client of a database that is also a broker.
package redis

import "context"

type cmdable struct{}

func (cmdable) Publish(ctx context.Context, channel string, message any) error { return nil }
func (cmdable) Get(ctx context.Context, key string) error                      { return nil }

type Client struct{ cmdable }
