package sqlitestore

import (
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Waiting returns how many operations wait for the writer.
func (s *Store) Waiting() int { return s.writer.queue.length() }

// TakeYourTime lets a batch wait for all that there is, however slow the
// machine.
func (s *Store) TakeYourTime() { s.writer.patience = patience{batch: time.Hour, handler: time.Hour} }

// SpendTokens leaves hardly any fencing tokens of the block that was drawn.
func (s *Store) SpendTokens() { s.writer.tokens.used = tokenBlock - 2*maxBatch }

// Prepared returns how many statements of handlers are kept. No handler may
// run meanwhile.
func (s *Store) Prepared() int { return s.writer.prepared.ring.Len() }

// NeverRest keeps connections for reads however long nobody reads.
func (s *Store) NeverRest() { s.reader.rest = time.Hour }

// ErrClosed is the error of what comes after Close.
var ErrClosed = errClosed

// Known is what a store knows of its keys.
type Known struct{ known *known }

// Known returns what the store knows.
func (s *Store) Known() *Known { return &Known{s.known} }

// NewKnown is blind, and has room for so many bytes.
func NewKnown(bytes int) *Known { return &Known{newKnown(bytes)} }

// Add makes an ID known.
func (k *Known) Add(id cnerium.ID, until, now int64) { k.known.add(id, until, now) }

// Has reports whether there may be a record.
func (k *Known) Has(id cnerium.ID, now int64) bool {
	return k.known.has(id, func() int64 { return now })
}

// Forget begins anew and returns the number of the beginning.
func (k *Known) Forget() int { return k.known.forget() }

// SeeSince ends the blindness that began then.
func (k *Known) SeeSince(beginning int) { k.known.see(beginning) }

// See ends the blindness.
func (k *Known) See() {
	if k.known != nil {
		k.known.see(k.known.beginning)
	}
}

// Bytes returns how much memory the filters have.
func (k *Known) Bytes() int {
	n := 0
	for _, g := range *k.known.generations.Load() {
		n += len(g.blocks) * blockBytes
	}
	return n
}
