// Package known remembers which IDs a store may have records of, for its hints
// to the App: see cnerium.Hinter.
package known

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	// keysPerBlock is how many keys share the 512 bits of a block: of new
	// keys, one in some 200 then looks like one that is known.
	keysPerBlock = 32

	blockBytes = 64

	// firstBlocks is the size of the first generation: 32 Ki keys. Each
	// further one is twice as large, up to a quarter of all.
	firstBlocks = 1 << 10
)

// IDs are those of which a store may have a record, in a Bloom filter: none of
// them is ever taken for new, and a few new ones are taken for known. They are
// blind in the beginning, and after Forget: then every ID is taken for known.
//
// A filter forgets nothing by itself. So there is one for each generation of
// IDs, and it goes when all of its records have expired.
//
// Nil IDs take every ID for known. All methods are safe for concurrent use.
// Times are Unix milliseconds.
type IDs struct {
	seed  maphash.Seed
	limit int // bytes of all generations

	generations atomic.Pointer[[]*generation] // the newest last; never changed, but replaced
	seeing      atomic.Bool
	lost        atomic.Int64 // when the last record of those that were dropped expires

	mu        sync.Mutex // of who changes something
	beginning int        // how often it has begun
}

// generation is a filter of IDs that were added one after the other. All bits
// of an ID are in one block, which is a line of the processor's cache.
type generation struct {
	blocks [][blockBytes / 8]atomic.Uint64
	room   int   // how many more IDs it takes
	until  int64 // when the last of its records expires
}

// New returns IDs that are blind and take up to so many bytes, two for each ID;
// nil when that is too little for anything. They begin with 64 KiB.
func New(bytes int) *IDs {
	if bytes < 4*firstBlocks*blockBytes {
		return nil
	}
	k := &IDs{seed: maphash.MakeSeed(), limit: bytes}
	k.Forget()
	return k
}

// Forget begins anew, blind, and returns the number of the beginning for See.
func (k *IDs) Forget() int {
	if k == nil {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seeing.Store(false)
	k.generations.Store(&[]*generation{newGeneration(firstBlocks)})
	k.lost.Store(0)
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

// Room returns for how many IDs there is room for sure.
func (k *IDs) Room() int64 {
	if k == nil {
		return 0
	}
	return int64(k.limit-k.limit/4) / blockBytes * keysPerBlock
}

// Has reports whether there may be a record of the ID. The clock is asked only
// where it matters.
func (k *IDs) Has(id cnerium.ID, now func() int64) bool {
	if k == nil {
		return true
	}
	// Loaded first: what these do not have any more is told by the others.
	generations := *k.generations.Load()
	if !k.seeing.Load() {
		return true
	}
	if lost := k.lost.Load(); lost != 0 && lost > now() {
		return true
	}
	hash := maphash.Comparable(k.seed, id)
	for _, g := range slices.Backward(generations) {
		if g.has(hash) {
			return true
		}
	}
	return false
}

// Add adds an ID, for a record that expires at until; it may be added again.
// What has expired now may be forgotten.
func (k *IDs) Add(id cnerium.ID, until, now int64) {
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
func (k *IDs) grow(now int64) *generation {
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

// Sees reports whether they are not blind.
func (k *IDs) Sees() bool { return k != nil && k.seeing.Load() }

// See ends the blindness, if it is still that of this beginning: since then all
// that there is was added.
func (k *IDs) See(beginning int) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.beginning == beginning {
		k.seeing.Store(true)
	}
}
