package sqlitestore

import (
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
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

// Cache is a cache of committed records.
type Cache struct{ cache *cache }

// NewCache has room for so many bytes.
func NewCache(bytes int) *Cache { return &Cache{newCache(bytes)} }

// Keep keeps a record that expires then.
func (c *Cache) Keep(r cnerium.Record, expiresAt int64) {
	row := newCommitted(r.ID, 0, cnerium.Outcome{Response: r.Response})
	row.fingerprint, row.attempt, row.since, row.expiresAt = r.Fingerprint[:], r.Attempt, r.Since.UnixMilli(), expiresAt
	c.cache.keep(row, r.Cursor)
}

// Get returns the record, if it is kept and has not expired.
func (c *Cache) Get(id cnerium.ID, now int64) (cnerium.Record, bool) { return c.cache.get(id, now) }

// Bytes returns how much memory its texts have.
func (c *Cache) Bytes() int {
	n := 0
	for i := range c.cache.shards {
		for _, chunk := range c.cache.shards[i].chunks {
			n += chunk.Cap()
		}
	}
	return n
}
