package cnerium_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// keyed is what the clients know of one key.
type keyed struct {
	operation, key string
	abandoned      bool    // nobody asked twice, whatever came
	answers        []reply // with the outcome, at most one for each client that asked
	unknown        int     // answers that the outcome is unknown
}

// load is the clients of a campaign. They follow the shop from process to
// process.
type load struct {
	enough chan struct{} // closed when no new keys are needed

	mu         sync.Mutex
	url        string
	moved      chan struct{} // closed when the url changes
	answers    chan struct{} // a value for each answer of this process
	keys       map[string]*keyed
	violations []string
	answered   int
}

func newLoad() *load {
	return &load{enough: make(chan struct{}), moved: make(chan struct{}), keys: map[string]*keyed{}}
}

// moveTo tells the clients where the next process listens, and returns a
// channel with a value for each answer that it gives.
func (l *load) moveTo(url string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.url = url
	l.answers = make(chan struct{}, 256)
	close(l.moved)
	l.moved = make(chan struct{})
	return l.answers
}

func (l *load) where() (url string, moved <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.url, l.moved
}

// start runs n clients until it is enough. Each sends its keys one after
// another, most of them twice at the same time, and some only once.
func (l *load) start(n int) *sync.WaitGroup {
	operations := slices.Sorted(maps.Keys(shopPaths))
	var clients sync.WaitGroup
	for client := range n {
		clients.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-l.enough:
					return
				default:
				}
				k := &keyed{operation: operations[(client+i)%len(operations)], key: fmt.Sprintf("%d-%d", client, i), abandoned: i%7 == 6}
				l.mu.Lock()
				l.keys[k.key] = k
				l.mu.Unlock()
				l.place(k, i)
			}
		})
	}
	return &clients
}

// place sends a key as a client that has its reasons.
func (l *load) place(k *keyed, i int) {
	if k.abandoned {
		l.once(k)
		return
	}
	var twins sync.WaitGroup
	for range 1 + i%3 {
		twins.Go(func() { l.insist(k) })
	}
	twins.Wait()
	if i%4 == 0 {
		l.insist(k) // later, and perhaps in another process
	}
}

// tries is how often a key may be in flight, or the service unavailable, for
// one client. Together with the wait of the routes it is shorter than a lease,
// so a key that is in flight until the lease of a dead process ends is found.
const tries = 25

// insist asks for the key until there is an outcome.
func (l *load) insist(k *keyed) {
	for n := 0; n < tries; {
		final, moved := l.once(k)
		switch {
		case final:
			return
		case moved != nil:
			<-moved
		default:
			n++
			<-time.After(5 * time.Millisecond)
		}
	}
	l.violationf(k, "still without an outcome after %d tries", tries)
}

// once asks once. It reports whether the answer is an outcome; where there
// was no answer, moved is closed when there is another process to ask.
func (l *load) once(k *keyed) (final bool, moved <-chan struct{}) {
	url, moved := l.where()
	if url == "" {
		return false, moved
	}
	r, err := sendTo(url, k.operation, k.key)
	if err != nil {
		return false, moved
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered++
	if url == l.url {
		select {
		case l.answers <- struct{}{}:
		default: // nobody counts so far
		}
	}
	switch {
	case r.status == http.StatusCreated:
		k.answers = append(k.answers, r)
		return true, nil
	case r.is(http.StatusConflict, cnerium.ProblemOutcomeUnknown) && k.operation == opPayment:
		k.unknown++
		return true, nil
	case r.is(http.StatusConflict, cnerium.ProblemInFlight), r.is(http.StatusServiceUnavailable, cnerium.ProblemUnavailable):
		if r.header.Get("Retry-After") == "" {
			l.violations = append(l.violations, fmt.Sprintf("%s %s: no Retry-After: %v", k.operation, k.key, r))
		}
		return false, nil
	}
	l.violations = append(l.violations, fmt.Sprintf("%s %s: unexpected answer %v", k.operation, k.key, r))
	return true, nil
}

func (l *load) violationf(k *keyed, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violations = append(l.violations, fmt.Sprintf("%s %s: %s", k.operation, k.key, fmt.Sprintf(format, args...)))
}

// wrong returns what no client may see.
func (l *load) wrong() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.violations)
}

// settled returns all keys, once the clients are done.
func (l *load) settled() []*keyed {
	return slices.Collect(maps.Values(l.keys))
}
