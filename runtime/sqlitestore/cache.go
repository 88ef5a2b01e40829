package sqlitestore

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	cacheShards = 16

	// chunksPerShard is into how many parts the texts of a shard are cut, or
	// into more, so that none is larger than maxChunk. The oldest goes as a
	// whole.
	chunksPerShard = 8
	maxChunk       = 1 << 20

	// maxExpected is how many reservations are remembered until
	// they are committed. What is beyond, and leases that nobody settled,
	// costs a later look into the database.
	maxExpected = 4096
)

// cache keeps committed records in memory, those longest that were stored, or
// read from the database, last. A committed record never changes before it
// expires, whichever process has committed it, so what is kept is right until
// then. A nil cache keeps nothing. All methods are safe for concurrent use.
//
// The records are texts behind each other in a few long ones: the garbage
// collector has nothing to follow in them, while it would visit each of some
// ten thousand entries every time. Who gets a record gets parts of those texts,
// and copies nothing.
type cache struct {
	seed   maphash.Seed
	shards [cacheShards]shard

	mu       sync.Mutex
	expected map[int64]reservation // by the tokens of leases
}

type shard struct {
	mu     sync.Mutex
	places map[uint64]place // by the hash of an ID
	chunks []*strings.Builder
	first  uint32 // number of chunks[0]: each chunk has one of its own
	room   int    // bytes for all chunks
	free   int    // of them
}

// place says where an entry is.
type place struct{ chunk, offset uint32 }

// newCache returns a cache of about so many bytes, nil for none.
func newCache(bytes int) *cache {
	if bytes <= 0 {
		return nil
	}
	c := &cache{seed: maphash.MakeSeed(), expected: make(map[int64]reservation)}
	for i := range c.shards {
		s := &c.shards[i]
		s.places = make(map[uint64]place)
		s.room = bytes / cacheShards
		s.free = s.room
	}
	return c
}

// shard returns the shard of an ID, and the ID's hash.
func (c *cache) shard(id cnerium.ID) (*shard, uint64) {
	hash := maphash.Comparable(c.seed, id)
	return &c.shards[hash%cacheShards], hash
}

// get returns the record, if it is kept and has not expired.
func (c *cache) get(id cnerium.ID, now int64) (cnerium.Record, bool) {
	if c == nil {
		return cnerium.Record{}, false
	}
	s, hash := c.shard(id)
	s.mu.Lock()
	text, ok := s.find(hash)
	s.mu.Unlock()
	if !ok {
		return cnerium.Record{}, false
	}
	record, expiresAt := entry(text).record()
	return record, record.ID == id && expiresAt > now
}

// reservation is what a commit is not told of its record.
type reservation struct {
	fingerprint cnerium.Fingerprint
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
	c.expected[r.token] = reservation{cnerium.Fingerprint(r.fingerprint), r.attempt}
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
		row.fingerprint, row.attempt = reserved.fingerprint[:], reserved.attempt
		c.keep(row, cursor)
	}
}

// keep keeps a committed record.
func (c *cache) keep(row *record, cursor string) {
	if c == nil {
		return
	}
	s, hash := c.shard(row.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	size := entrySize(row, cursor)
	if size > s.room/4 {
		delete(s.places, hash) // what is there of the ID has expired
		return
	}
	chunk := s.last(size)
	s.places[hash] = place{s.first + uint32(len(s.chunks)) - 1, uint32(chunk.Len())}
	writeEntry(chunk, row, cursor, hash)
}

// find returns the text of an entry, and of those behind it.
func (s *shard) find(hash uint64) (string, bool) {
	at, ok := s.places[hash]
	if !ok {
		return "", false
	}
	return s.chunks[at.chunk-s.first].String()[at.offset:], true
}

// last returns the chunk for the next entry, which has that size.
func (s *shard) last(size int) *strings.Builder {
	if n := len(s.chunks); n > 0 {
		if last := s.chunks[n-1]; last.Cap()-last.Len() >= size {
			return last
		}
	}
	room := max(size, min(s.room/chunksPerShard, maxChunk))
	for len(s.chunks) > 0 && s.free < room {
		s.drop()
	}
	chunk := new(strings.Builder)
	chunk.Grow(room)
	s.free -= chunk.Cap()
	s.chunks = append(s.chunks, chunk)
	return chunk
}

// drop drops the oldest chunk.
func (s *shard) drop() {
	text := s.chunks[0].String()
	for offset := 0; offset < len(text); {
		e := entry(text[offset:])
		if hash := e.number(hashAt); s.places[hash] == (place{s.first, uint32(offset)}) {
			delete(s.places, hash)
		}
		offset += e.size()
	}
	s.free += s.chunks[0].Cap()
	s.chunks = slices.Delete(s.chunks, 0, 1)
	s.first++
}

// entry is the text of a committed record, and of what comes behind it: numbers
// of eight bytes, the fingerprint, and the texts whose lengths are among the
// numbers.
type entry string

// Where the numbers of an entry are.
const (
	hashAt = 8 * iota
	expiresAt
	sinceAt
	statusAt
	attemptAt
	scopeAt // the length, as of those behind it
	operationAt
	keyAt
	headerAt
	bodyAt
	cursorAt
	fingerprintAt
	textsAt = fingerprintAt + len(cnerium.Fingerprint{})
)

func entrySize(row *record, cursor string) int {
	return textsAt + len(row.id.Scope) + len(row.id.Operation) + len(row.id.Key) + len(row.header) + len(row.body) + len(cursor)
}

// writeEntry writes an entry into a chunk that has room for it.
func writeEntry(chunk *strings.Builder, row *record, cursor string, hash uint64) {
	var head [fingerprintAt]byte
	put := func(at int, n uint64) { binary.LittleEndian.PutUint64(head[at:], n) }
	put(hashAt, hash)
	put(expiresAt, uint64(row.expiresAt))
	put(sinceAt, uint64(row.since))
	put(statusAt, uint64(row.status))
	put(attemptAt, uint64(row.attempt))
	put(scopeAt, uint64(len(row.id.Scope)))
	put(operationAt, uint64(len(row.id.Operation)))
	put(keyAt, uint64(len(row.id.Key)))
	put(headerAt, uint64(len(row.header)))
	put(bodyAt, uint64(len(row.body)))
	put(cursorAt, uint64(len(cursor)))
	chunk.Write(head[:])
	chunk.Write(row.fingerprint)
	chunk.WriteString(row.id.Scope)
	chunk.WriteString(row.id.Operation)
	chunk.WriteString(row.id.Key)
	chunk.Write(row.header)
	chunk.Write(row.body)
	chunk.WriteString(cursor)
}

func (e entry) number(at int) uint64 {
	e = e[at : at+8]
	return uint64(e[0]) | uint64(e[1])<<8 | uint64(e[2])<<16 | uint64(e[3])<<24 |
		uint64(e[4])<<32 | uint64(e[5])<<40 | uint64(e[6])<<48 | uint64(e[7])<<56
}

// size returns the length of the entry alone.
func (e entry) size() int {
	size := textsAt
	for at := scopeAt; at <= cursorAt; at += 8 {
		size += int(e.number(at))
	}
	return size
}

// record returns the record, and when it expires.
func (e entry) record() (r cnerium.Record, expires int64) {
	rest := string(e[textsAt:])
	text := func(at int) string {
		n := e.number(at)
		text := rest[:n]
		rest = rest[n:]
		return text
	}
	r.ID = cnerium.ID{Scope: text(scopeAt), Operation: text(operationAt), Key: text(keyAt)}
	r.State = cnerium.StateCommitted
	r.Attempt = int(e.number(attemptAt))
	r.Since = time.UnixMilli(int64(e.number(sinceAt))).UTC()
	r.Response = cnerium.StoredResponse{
		Status: int(e.number(statusAt)), Header: cnerium.StoredHeader(text(headerAt)), Body: text(bodyAt),
	}
	r.Cursor = text(cursorAt)
	copy(r.Fingerprint[:], e[fingerprintAt:textsAt])
	return r, int64(e.number(expiresAt))
}
