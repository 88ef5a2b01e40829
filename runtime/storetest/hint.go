package storetest

import (
	"fmt"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// hintLaws are about stores that are a [cnerium.Hinter]; any other store passes
// them. What is said of a record right after its commit is in heard.
var hintLaws = []law{
	{"a record that is committed is never said to be absent", func(b *bench) {
		for i := range 200 {
			b.committed(fmt.Sprint(i), outcome("done"))
		}
		b.clock.advance(retention - 1)
		for i := range 200 {
			b.heard(id(fmt.Sprint(i)))
		}
	}},
	{"nor when it has expired and is committed again", func(b *bench) {
		for range 3 {
			b.committed("k", outcome("done"))
			b.clock.advance(retention)
			b.sweep(10, 1)
		}
		b.committed("k", outcome("done"))
		b.heard(id("k"))
	}},
	{"a key that was released may be used again", func(b *bench) {
		b.ok("Release", b.store.Release(b.Context(), b.reserve(claim(id("k")))))
		b.committed("k", outcome("done"))
	}},
}

// heard makes sure that the store does not say that a committed record is
// likely to be absent.
func (b *bench) heard(id cnerium.ID) {
	b.Helper()
	if h, ok := b.store.(cnerium.Hinter); ok && h.LikelyAbsent(id) {
		b.Fatalf("LikelyAbsent(%v) of a committed record is true", id)
	}
}
