package goroutine

import (
	"context"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// Post is a service whose handlers start what nobody waits for, without the use
// of anything that ends with them.
type Post struct {
	sync.WaitGroup
	background sync.WaitGroup
	queue      chan string
	limiter    *rate.Limiter
}

func (p *Post) send(id string) { p.limiter.Wait(context.Background()) }

//cnerium:durable POST /lost/a lost.a
func (p *Post) Lost(ctx context.Context, id string) error {
	go p.send(id) // want `this goroutine can outlive Lost: when the process ends after the response was stored, nobody runs it again \[goroutine\]`
	go func() {   // want `this goroutine can outlive Lost: when`
		p.send(id)
	}()
	go func() { p.queue <- id }()                      // want `nobody runs it again`
	p.background.Go(func() { p.send(id) })             // want `the goroutine of p.background.Go can outlive Lost: when`
	p.Go(func() { p.send(id) })                        // want `the goroutine of p.Go can outlive Lost: when`
	time.AfterFunc(time.Second, func() { p.send(id) }) // want `the timer can outlive Lost: when`
	p.later(id)
	p.limiter.Wait(ctx)
	return nil
}

func (p *Post) later(id string) {
	go p.send(id) // want `can outlive later \(called by Lost\): when`
}

// A context that goes on does not make anybody run the work again.
//
//cnerium:durable POST /lost/b lost.b
func (p *Post) Detached(ctx context.Context, id string) error {
	go work(context.WithoutCancel(ctx), id) // want `nobody runs it again`
	go work(context.Background(), id)       // want `nobody runs it again`
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	go func() { // want `nobody runs it again`
		defer cancel()
		work(detached)
	}()
	go func() { // want `nobody runs it again`
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		work(ctx)
		<-ctx.Done()
	}()
	go func() { // want `nobody runs it again`
		if ctx.Err() == nil {
			p.send(id)
		}
	}()
	return nil
}

// Workers get work, but nobody knows when they are done with it.
//
//cnerium:durable POST /lost/c lost.c
func (p *Post) Workers(ctx context.Context, id string) error {
	jobs := make(chan string)
	go func() { // want `nobody runs it again`
		for job := range jobs {
			p.send(job)
		}
	}()
	go p.loop() // want `nobody runs it again`
	task := func() { work(ctx) }
	go task() // want `uses ctx`
	var g errgroup.Group
	if !g.TryGo(func() error { p.send(id); return nil }) { // want `the goroutine of g.TryGo`
		p.send(id)
	}
	go func() { // want `nobody runs it again`
		reader, writer := io.Pipe()
		go io.Copy(io.Discard, reader) // the goroutine around it is reported
		io.WriteString(writer, id)
	}()
	jobs <- id
	close(jobs)
	return p.check(len(jobs))
}

func (p *Post) check(left int) error { return nil }

func (p *Post) loop() {
	for id := range p.queue {
		p.send(id)
	}
}

//cnerium:durable POST /lost/d lost.d
func (p *Post) Ignored(ctx context.Context, id string) error {
	//cnerium:ignore goroutine a letter that is lost does no harm
	go p.send(id)
	//cnerium:ignore goroutine a letter that is lost does no harm
	go func() {
		go p.send(id)
		p.send(id)
	}()
	done := make(chan struct{})
	// want +1 `there is nothing to ignore here`
	//cnerium:ignore goroutine it is waited for
	go func() {
		defer close(done)
		p.send(id)
	}()
	<-done
	return nil
}
