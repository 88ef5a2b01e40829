package pgstore

import (
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var _ cnerium.Hinter = (*Store)(nil)

const (
	// knownBytes bounds the memory for IDs: six million of them at least.
	knownBytes = 16 << 20

	// acquaintance is for how long the ID of a record is remembered that
	// somebody else has, at least.
	acquaintance = int64(time.Hour / time.Millisecond)
)

// LikelyAbsent reports whether this store has had nothing to do with the ID. See
// [cnerium.Hinter]. A key is new as a rule, and then one question less is asked
// of the server. A retry that another node gets, or this one after a restart,
// is bound and then answered by what Reserve or Transact finds; the next one is
// looked up.
func (s *Store) LikelyAbsent(id cnerium.ID) bool { return !s.known.Has(id, localNow) }

// meet remembers the ID of a record that is there for so many milliseconds. The
// clock is that of this machine: it measures how long, and decides nothing.
func (s *Store) meet(id cnerium.ID, lasts int64) {
	now := localNow()
	s.known.Add(id, now+lasts, now)
}

func localNow() int64 { return time.Now().UnixMilli() }
