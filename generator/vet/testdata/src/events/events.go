package events

import (
	"context"

	"github.com/IBM/sarama"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/nats-io/nats.go"
	"github.com/redis/go-redis/v9"
)

type Order struct{ ID string }

type Service struct {
	publisher cnerium.Publisher
	nats      *nats.Conn
	redis     *redis.Client
	kafka     sarama.AsyncProducer
	sync      sarama.SyncProducer
	news      blog
}

// blog publishes, but no events.
type blog struct{}

func (blog) Publish(ctx context.Context, posts []string) error { return nil }

//cnerium:durable POST /orders orders.create
func (s *Service) Create(ctx context.Context, in Order) (*Order, error) {
	if err := s.publisher.Publish(ctx, []cnerium.Event{{Type: "order.created"}}); err != nil { // want `s.publisher.Publish publishes an event in Create before the response is stored \[events\]`
		return nil, err
	}
	s.nats.Publish("orders", nil)                         // want `s.nats.Publish publishes`
	s.redis.Publish(ctx, "orders", in.ID)                 // want `s.redis.Publish publishes`
	s.kafka.Input() <- nil                                // want `s.kafka.Input publishes`
	if _, _, err := s.sync.SendMessage(nil); err != nil { // want `s.sync.SendMessage publishes`
		return nil, err
	}
	func() {
		s.nats.Publish("closure", nil) // want `s.nats.Publish publishes`
	}()
	return &in, s.announce(ctx, in)
}

func (s *Service) announce(ctx context.Context, in Order) error {
	return s.nats.Publish("orders", []byte(in.ID)) // want `s.nats.Publish publishes an event in announce \(called by Create\) before`
}

//cnerium:durable POST /orders/{id}/cancel orders.cancel
func (s *Service) Cancel(ctx context.Context, id string) error {
	if err := cnerium.Emit(context.Background(), "order.cancelled", id); err != nil { // want `cnerium.Emit in Cancel has a context that is not the handler's`
		return err
	}
	if err := EmitOrderCreated(context.TODO(), Order{}); err != nil { // want `EmitOrderCreated in Cancel has a context that is not the handler's`
		return err
	}
	empty := context.TODO()
	empty, cancel := context.WithCancel(empty)
	defer cancel()
	return cnerium.EmitTo(empty, "room", "order.cancelled", id) // want `cnerium.EmitTo in Cancel`
}

// What follows is as it has to be.

//cnerium:durable POST /orders/{id}/ship orders.ship
func (s *Service) Ship(ctx context.Context, id string) error {
	child, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := cnerium.Emit(child, "order.shipped", id); err != nil {
		return err
	}
	if err := EmitOrderCreated(ctx, Order{ID: id}); err != nil {
		return err
	}
	s.redis.Get(ctx, "orders")
	s.nats.Flush()
	s.news.Publish(ctx, nil)
	return cnerium.Emit(ctx, "order.shipped", id)
}

// Relay is no durable handler.
func (s *Service) Relay(ctx context.Context) error {
	cnerium.Emit(context.Background(), "order.relayed", nil)
	return s.nats.Publish("orders", nil)
}
