package goroutine

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// What these handlers start is waited for, though nothing in it ends with them.

//cnerium:durable POST /waits/a waits.a
func (s *Service) Started(ctx context.Context, ids []string) error {
	var wg sync.WaitGroup
	task := func(id string) {
		defer wg.Done()
		s.mail(id)
	}
	for _, id := range ids {
		wg.Add(1)
		go task(id)
	}
	defer wg.Wait()
	var g errgroup.Group
	if g.TryGo(func() error { return nil }) {
		defer g.Wait()
	}
	errs := make(chan error, len(ids))
	for _, id := range ids {
		go func() { errs <- s.mail(id) }()
	}
	for range ids {
		select {
		case err := <-errs:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	quit := make(chan bool)
	go func() {
		s.mail("")
		<-quit
	}()
	quit <- true
	s.walk(ids)
	return s.limited(ctx, ids)
}

func (s *Service) limited(ctx context.Context, ids []string) error {
	slots := semaphore.NewWeighted(2)
	for _, id := range ids {
		slots.Acquire(ctx, 1)
		go func() {
			defer slots.Release(1)
			s.mail(id)
		}()
	}
	return slots.Acquire(ctx, 2)
}

// walk comes back to itself, in two ways.
func (s *Service) walk(ids []string) {
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { s.walk(ids[:i]) })
	}
	wg.Wait()
	var visit func(i int)
	visit = func(i int) {
		var wg sync.WaitGroup
		for j := range i {
			wg.Go(func() { visit(j) })
		}
		wg.Wait()
	}
	visit(len(ids))
}

func (s *Service) mail(id string) error { return nil }

//cnerium:durable POST /waits/b waits.b
func (s *Service) Helpers(ctx context.Context, id string) error {
	p := newPrinter()
	defer p.stop()
	rest := async(func() string { return id })
	var c crew
	c.hire()
	c.wg.Wait()
	println(rest.value())
	return nil
}

// printer is told to stop, and tells when it has.
type printer struct{ quit, done chan struct{} }

func newPrinter() *printer {
	p := &printer{quit: make(chan struct{}), done: make(chan struct{})}
	go p.run()
	return p
}

func (p *printer) run() {
	defer close(p.done)
	<-p.quit
}

func (p *printer) stop() {
	close(p.quit)
	<-p.done
}

// future has a field of a generic type.
type future[T any] struct{ found chan T }

func async[T any](f func() T) *future[T] {
	result := &future[T]{found: make(chan T, 1)}
	go func() { result.found <- f() }()
	return result
}

func (f *future[T]) value() T { return <-f.found }

// crew is waited for where it was hired.
type crew struct{ wg sync.WaitGroup }

func (c *crew) hire() {
	c.wg.Add(2)
	go c.work()
	start := c.work
	go start()
	c.wg.Go(c.rest)
}

func (c *crew) work() { defer c.wg.Done() }

func (c *crew) rest() {}
