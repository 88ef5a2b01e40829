package memstore

import (
	"hash/maphash"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// table holds the records by their IDs. There can be millions, and the garbage
// collector looks at all of them each time. So there are few pointers for it
// to follow: records lie in blocks, and are named by numbers.
type table struct {
	seed   maphash.Seed
	first  map[uint64]slot // the first record whose ID has this hash
	blocks []*[blockLength]record
	free   slot // the first of those that can be used again
	used   slot // the last that was ever used
}

// slot names a place for a record; 0 is none.
type slot uint32

const blockLength = 256

func newTable() table {
	return table{seed: maphash.MakeSeed(), first: make(map[uint64]slot)}
}

func (t *table) at(s slot) *record { return &t.blocks[(s-1)/blockLength][(s-1)%blockLength] }

// find returns the record, or nil.
func (t *table) find(id cnerium.ID) *record {
	for s := t.first[maphash.Comparable(t.seed, id)]; s != 0; {
		r := t.at(s)
		if r.is(id) {
			return r
		}
		s = r.next
	}
	return nil
}

// add returns a new record for the ID, which must have none.
func (t *table) add(id cnerium.ID) *record {
	s := t.free
	if s != 0 {
		t.free = t.at(s).next
	} else {
		if t.used%blockLength == 0 {
			t.blocks = append(t.blocks, new([blockLength]record))
		}
		t.used++
		s = t.used
	}
	r := t.at(s)
	hash := maphash.Comparable(t.seed, id)
	*r = record{self: s, hash: hash, next: t.first[hash]}
	r.name(id)
	t.first[hash] = s
	return r
}

// remove forgets the record.
func (t *table) remove(r *record) {
	before := t.first[r.hash]
	switch {
	case before == r.self && r.next == 0:
		delete(t.first, r.hash)
	case before == r.self:
		t.first[r.hash] = r.next
	default:
		for t.at(before).next != r.self {
			before = t.at(before).next
		}
		t.at(before).next = r.next
	}
	s := r.self
	*r = record{next: t.free}
	t.free = s
}
