package sqlitestore

import (
	"hash/maphash"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	cacheShards = 16

	// entryBytes is about what an entry costs beside its texts.
	entryBytes = 512

	// maxExpected is how many reservations are remembered until
	// they are committed. What is beyond, and leases that nobody settled,
	// costs a later look into the database.
	maxExpected = 4096
)

// cache keeps committed records in memory, those longest that were asked for
// last. A committed record never changes before it expires, whichever process
// has committed it, so an entry is right until then. A nil cache keeps
// nothing. All methods are safe for concurrent use.
type cache struct {
	seed   maphash.Seed
	shards [cacheShards]shard

	mu       sync.Mutex
	expected map[int64]reservation // by the tokens of leases
}

type shard struct {
	mu      sync.Mutex
	entries map[cnerium.ID]*entry
	ends    entry // of the ring of entries: next is the one not used for longest
	room    int   // bytes that are still free
	limit   int   // of one entry
}

// entry is a committed record. The texts of its ID and its body are one.
type entry struct {
	record     cnerium.Record
	expiresAt  int64
	size       int
	next, last *entry
}

// newCache returns a cache of about so many bytes, nil for none.
func newCache(bytes int) *cache {
	if bytes <= 0 {
		return nil
	}
	c := &cache{seed: maphash.MakeSeed(), expected: make(map[int64]reservation)}
	for i := range c.shards {
		s := &c.shards[i]
		s.entries = make(map[cnerium.ID]*entry)
		s.ends.next, s.ends.last = &s.ends, &s.ends
		s.room = bytes / cacheShards
		s.limit = s.room / 4
	}
	return c
}

func (c *cache) shard(id cnerium.ID) *shard {
	return &c.shards[maphash.Comparable(c.seed, id)%cacheShards]
}

// get returns the record, if it is kept and has not expired.
func (c *cache) get(id cnerium.ID, now int64) (cnerium.Record, bool) {
	if c == nil {
		return cnerium.Record{}, false
	}
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil {
		return cnerium.Record{}, false
	}
	if e.expiresAt <= now {
		s.remove(e)
		return cnerium.Record{}, false
	}
	if s.ends.last != e {
		s.unlink(e)
		s.link(e)
	}
	return e.record, true
}

// reservation is what a commit is not told of its record.
type reservation struct {
	fingerprint []byte
	attempt     int
}

// expect remembers a reservation until it is committed.
func (c *cache) expect(r *record) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.expected) >= maxExpected {
		clear(c.expected)
	}
	c.expected[r.token] = reservation{r.fingerprint, r.attempt}
}

// commit keeps a record that was reserved and then committed.
func (c *cache) commit(row *record, cursor string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	reserved, ok := c.expected[row.token]
	delete(c.expected, row.token)
	c.mu.Unlock()
	if ok {
		row.fingerprint, row.attempt = reserved.fingerprint, reserved.attempt
		c.keep(row, cursor)
	}
}

// keep keeps a committed record.
func (c *cache) keep(row *record, cursor string) {
	if c == nil {
		return
	}
	// The texts of a request may be parts of larger ones.
	scope, key := len(row.id.Scope), len(row.id.Scope)+len(row.id.Key)
	text := row.id.Scope + row.id.Key + string(row.body)
	e := &entry{expiresAt: row.expiresAt, size: entryBytes + len(text) + len(row.header)}
	e.record = cnerium.Record{
		ID:       cnerium.ID{Scope: text[:scope], Operation: row.id.Operation, Key: text[scope:key]},
		State:    cnerium.StateCommitted,
		Attempt:  row.attempt,
		Since:    time.UnixMilli(row.since).UTC(),
		Response: cnerium.StoredResponse{Status: row.status, Header: cnerium.StoredHeader(row.header), Body: text[key:]},
		Cursor:   cursor,
	}
	copy(e.record.Fingerprint[:], row.fingerprint)
	s := c.shard(row.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.entries[row.id]; last != nil {
		s.remove(last)
	}
	if e.size > s.limit {
		return
	}
	s.entries[e.record.ID] = e
	s.link(e)
	for s.room -= e.size; s.room < 0; {
		s.remove(s.ends.next)
	}
}

func (s *shard) remove(e *entry) {
	s.unlink(e)
	delete(s.entries, e.record.ID)
	s.room += e.size
}

// link makes the entry the one that was used last.
func (s *shard) link(e *entry) {
	e.last, e.next = s.ends.last, &s.ends
	e.last.next, e.next.last = e, e
}

func (s *shard) unlink(e *entry) { e.last.next, e.next.last = e.next, e.last }
