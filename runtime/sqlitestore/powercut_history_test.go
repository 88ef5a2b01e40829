//go:build unix

package sqlitestore_test

import (
	"fmt"
	"math"
	"slices"
	"sync"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// never is the position of what has not been acknowledged.
const never = math.MaxInt

// want is what there is to be found of a key.
type want struct {
	state   cnerium.State
	attempt int
	body    string
	events  []string // their data
	rows    []string // in the application's own tables
	marked  bool     // as a publisher
}

// String leaves out the body, which may be long.
func (w want) String() string {
	return fmt.Sprintf("%v, attempt %d, a body of %d bytes, %d events, rows %v, marked %v",
		w.state, w.attempt, len(w.body), len(w.events), w.rows, w.marked)
}

// step is one change of a key: what was asked for when, and when the store
// said that it was done.
type step struct {
	begun, ended int
	after        want
}

// history is what the clients of a store know. Each key is the business of one
// goroutine at a time.
type history struct {
	position func() int // of a log, or of a clock that goes on with each call

	mu     sync.Mutex
	keys   []string
	steps  map[string][]*step
	grants []grant
}

// grant is a token that was given out.
type grant struct {
	token int64
	ended int
}

func newHistory(position func() int) *history {
	return &history{position: position, steps: make(map[string][]*step)}
}

// try notes a change, which happens in call.
func (h *history) try(key string, after want, call func() error) error {
	s := h.begin(key, after)
	err := call()
	h.end(s, err)
	return err
}

func (h *history) begin(key string, after want) *step {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &step{begun: h.position(), ended: never, after: after}
	if h.steps[key] == nil {
		h.keys = append(h.keys, key)
	}
	h.steps[key] = append(h.steps[key], s)
	return s
}

func (h *history) end(s *step, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		s.ended = h.position()
	}
}

// grant notes a token.
func (h *history) grant(lease *cnerium.Lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.grants = append(h.grants, grant{token: lease.Token, ended: h.position()})
}

// allowed returns what may be found of a key after a cut: what the last
// acknowledged step left, or what one that was under way would leave.
func (h *history) allowed(key string, cut int) []want {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := []want{{}}
	for _, s := range h.steps[key] {
		switch {
		case s.ended <= cut:
			found = []want{s.after}
		case s.begun < cut:
			found = append(found, s.after)
		}
	}
	return found
}

// acknowledged returns how many changes were acknowledged before the cut.
func (h *history) acknowledged(cut int) int {
	n := 0
	for _, steps := range h.steps {
		for _, s := range steps {
			if s.ended <= cut {
				n++
			}
		}
	}
	return n
}

// granted reports whether the token was given out before the cut.
func (h *history) granted(token int64, cut int) bool {
	return slices.ContainsFunc(h.grants, func(g grant) bool { return g.token == token && g.ended <= cut })
}

// positions returns where something began or was acknowledged.
func (h *history) positions() []int {
	var found []int
	for _, key := range h.keys {
		for _, s := range h.steps[key] {
			found = append(found, s.begun)
			if s.ended != never {
				found = append(found, s.ended)
			}
		}
	}
	return found
}
