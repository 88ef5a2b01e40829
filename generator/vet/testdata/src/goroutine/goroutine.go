package goroutine

import (
	"context"
	"io"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"golang.org/x/sync/errgroup"
)

type Service struct {
	background sync.WaitGroup
	queue      chan string
}

func work(ctx context.Context, words ...string) error { return nil }

//cnerium:durable POST /a a.a
func (s *Service) Stray(ctx context.Context, tx sqlitestore.Tx, req *cnerium.Request) error {
	go work(ctx) // want `this goroutine can outlive Stray, and uses ctx, which ends with it \[goroutine\]`
	go func() {  // want `uses tx`
		tx.ExecContext(context.Background(), "DELETE FROM a")
	}()
	go func() { // want `uses req`
		println(req.Key())
	}()
	detached := context.WithoutCancel(ctx)
	go func() { // want `uses cnerium.Emit`
		cnerium.Emit(detached, "a", nil)
	}()
	child, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	go work(child)                                    // want `uses child`
	s.background.Go(func() { work(ctx) })             // want `the goroutine of s.background.Go can outlive Stray, and uses ctx`
	time.AfterFunc(time.Second, func() { work(ctx) }) // want `the timer can outlive Stray`
	var forgotten sync.WaitGroup
	forgotten.Go(func() { work(ctx) }) // want `the goroutine of forgotten.Go`
	unread := make(chan error, 1)
	go func() { unread <- work(ctx) }() // want `uses ctx`
	<-ctx.Done()
	shared := make(chan string)
	go listen(ctx, shared) // want `uses ctx`
	go listen(ctx, shared) // want `uses ctx`
	close(shared)
	s.later(ctx)
	return nil
}

func listen(ctx context.Context, words chan string) {}

func (s *Service) later(ctx context.Context) {
	go work(ctx) // want `can outlive later \(called by Stray\), and uses ctx`
}

// What follows is as it has to be.

//cnerium:durable POST /b b.b
func (s *Service) Groups(ctx context.Context, tx sqlitestore.Tx) error {
	var wg sync.WaitGroup
	wg.Go(func() { work(ctx) })
	wg.Add(2)
	go func() {
		defer wg.Done()
		work(ctx)
	}()
	go one(ctx, &wg)
	wg.Wait()
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return work(inner) })
	return g.Wait()
}

func one(ctx context.Context, wg *sync.WaitGroup) {
	defer wg.Done()
	go func() {
		defer wg.Done()
		work(ctx)
	}()
}

//cnerium:durable POST /c c.c
func (s *Service) Channels(ctx context.Context) error {
	results := make(chan error)
	go func() { results <- work(ctx) }()
	if err := <-results; err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	words := make(chan string)
	go func() {
		defer close(words)
		work(ctx)
	}()
	for range words {
	}
	slots := make(chan struct{}, 2)
	for range 10 {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			work(ctx)
		}()
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
	read := make(chan error)
	go func() { read <- work(ctx) }()
	drain(read)
	reader, writer := io.Pipe()
	go func() {
		work(ctx)
		writer.Close()
	}()
	io.Copy(io.Discard, reader)
	var b batch
	b.add(ctx)
	b.wait()
	return <-promised(ctx)
}

func drain(errs chan error) { <-errs }

// batch starts in one function and waits in another.
type batch struct{ wg sync.WaitGroup }

func (b *batch) add(ctx context.Context) {
	b.wg.Go(func() { work(ctx) })
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		work(ctx)
	}()
}

func (b *batch) wait() { b.wg.Wait() }

func promised(ctx context.Context) chan error {
	result := make(chan error, 1)
	go func() { result <- work(ctx) }()
	return result
}

//cnerium:durable POST /d d.d
func (s *Service) Watched(ctx context.Context) error {
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-ctx.Done():
		case <-stop:
		}
	}()
	go func() {
		for ctx.Err() == nil {
			s.mail("progress")
		}
	}()
	go s.heartbeat(stop)
	timer := time.AfterFunc(time.Second, func() { work(ctx) })
	defer timer.Stop()
	return nil
}

func (s *Service) heartbeat(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Second):
			s.mail("progress")
		}
	}
}

// Run is no durable handler.
func (s *Service) Run(ctx context.Context) { go work(ctx) }
