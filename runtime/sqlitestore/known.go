package sqlitestore

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	// keysPerBlock is how many keys share the 512 bits of a block: at most
	// one new key in some 300 then looks like one that is known.
	keysPerBlock = 32

	blockBytes = 64

	// firstBlocks is the size of the first generation: 32 Ki keys. Each
	// further one is twice as large, up to a quarter of all.
	firstBlocks = 1 << 10
)

// known knows which IDs the database may have a record of, so that a new one
// need not be looked up: for that each look-up after a commit costs pages that
// are read again. It is a Bloom filter. What it says is a hint, and no more: it
// does not see what other processes store. While there are any, and until it
// has learnt what was there before, it is blind and takes every ID for known.
//
// A filter forgets nothing by itself. So there is one for each generation of
// IDs, and it goes when all of its records have expired.
//
// A nil known takes every ID for known. All methods are safe for concurrent
// use.
type known struct {
	seed  maphash.Seed
	limit int // bytes of all generations

	generations atomic.Pointer[[]*generation] // the newest last; never changed, but replaced
	whole       atomic.Bool                   // all that the database has was added
	boot        atomic.Int64                  // the last of the database, of all that have opened it
	lost        atomic.Int64                  // when the last record of those that were dropped expires, in Unix milliseconds

	mu        sync.Mutex // of who changes something
	beginning int        // how often it has begun
}

// generation is a filter of IDs that were added one after the other. All bits
// of an ID are in one block, which is a line of the processor's cache.
type generation struct {
	blocks [][blockBytes / 8]atomic.Uint64
	room   int   // how many more IDs it takes
	until  int64 // the last of its records expires then, in Unix milliseconds
}

// newKnown returns one that is blind, and takes up to about so many bytes; nil
// when that is too little for anything.
func newKnown(bytes int) *known {
	if bytes < 4*firstBlocks*blockBytes {
		return nil
	}
	k := &known{seed: maphash.MakeSeed(), limit: bytes}
	k.forget()
	return k
}

// forget begins anew, blind, and returns the number of the beginning for see.
func (k *known) forget() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.whole.Store(false)
	k.lost.Store(0)
	k.generations.Store(&[]*generation{newGeneration(firstBlocks)})
	k.beginning++
	return k.beginning
}

func newGeneration(blocks int) *generation {
	return &generation{
		blocks: make([][blockBytes / 8]atomic.Uint64, blocks),
		room:   blocks * keysPerBlock,
	}
}

// block returns the block of a hash: by its upper bits, because the lower ones
// say which bits of the block are the ID's.
func (g *generation) block(hash uint64) *[blockBytes / 8]atomic.Uint64 {
	i, _ := bits.Mul64(hash, uint64(len(g.blocks)))
	return &g.blocks[i]
}

// bit returns the one bit that an ID has in a word of its block.
func bit(hash uint64, word int) uint64 { return 1 << (hash >> (6 * word) & 63) }

func (g *generation) has(hash uint64) bool {
	block := g.block(hash)
	for i := range block {
		if block[i].Load()&bit(hash, i) == 0 {
			return false
		}
	}
	return true
}

// set adds an ID, while others read.
func (g *generation) set(hash uint64) {
	block := g.block(hash)
	for i := range block {
		block[i].Or(bit(hash, i))
	}
}

// has reports whether the database may have a record of the ID. The clock is
// asked only where it matters.
func (k *known) has(id cnerium.ID, now func() int64) bool {
	if !k.sees() {
		return true
	}
	if lost := k.lost.Load(); lost != 0 && lost > now() {
		return true
	}
	hash := maphash.Comparable(k.seed, id)
	for _, g := range slices.Backward(*k.generations.Load()) {
		if g.has(hash) {
			return true
		}
	}
	return false
}

// add makes an ID known, at the latest before anybody is told that it is
// stored. Until is when the record expires; it may be added again. What has
// expired now may be forgotten. Times are Unix milliseconds.
func (k *known) add(id cnerium.ID, until, now int64) {
	if k == nil {
		return
	}
	hash := maphash.Comparable(k.seed, id)
	k.mu.Lock()
	defer k.mu.Unlock()
	all := *k.generations.Load()
	g := all[len(all)-1]
	if !g.has(hash) {
		if g.room == 0 {
			g = k.grow(now)
		}
		g.room--
		g.set(hash)
	}
	g.until = max(g.until, until)
}

// grow adds a generation and returns it. What has expired goes, and so does the
// oldest when there is too much: until the last of its records has expired, too,
// nobody can tell any more what is new. The caller holds mu.
func (k *known) grow(now int64) *generation {
	all := slices.Clone(*k.generations.Load())
	all = slices.DeleteFunc(all, func(g *generation) bool { return g.until <= now })
	size, blocks := 0, firstBlocks
	for _, g := range all {
		size += len(g.blocks) * blockBytes
		blocks = min(2*len(g.blocks), k.limit/4/blockBytes)
	}
	for size+blocks*blockBytes > k.limit {
		size -= len(all[0].blocks) * blockBytes
		k.lost.Store(max(k.lost.Load(), all[0].until))
		all = all[1:]
	}
	g := newGeneration(blocks)
	all = append(all, g)
	k.generations.Store(&all)
	return g
}

// sees reports whether it is not blind for what others have stored.
func (k *known) sees() bool { return k != nil && k.whole.Load() }

// see ends the blindness: since that beginning, all that is in the database was
// added.
func (k *known) see(beginning int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.beginning == beginning {
		k.whole.Store(true)
	}
}
