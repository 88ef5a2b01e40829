package sqlitestore

import (
	"time"

	"github.com/cnerium/cnerium-go/runtime/internal/known"
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

// Known returns what the store knows of its keys.
func (s *Store) Known() *known.IDs { return s.known }
