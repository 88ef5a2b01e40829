// Package cnerium stands for the runtime.
package cnerium

import "context"

type Request struct{}

func (r *Request) Key() string { return "" }

func FromContext(ctx context.Context) *Request { return nil }

type Event struct{ Type string }

type Publisher interface {
	Publish(ctx context.Context, events []Event) error
}

func Emit(ctx context.Context, eventType string, data any) error { return nil }

func EmitTo(ctx context.Context, room, eventType string, data any) error { return nil }
