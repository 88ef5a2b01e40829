package faultfs

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// sector is how many bytes a disk writes whole.
const sector = 512

// Image is how the files of a folder could look after a power cut: their
// names and contents.
type Image map[string][]byte

// Write puts the files into a folder.
func (m Image) Write(folder string) error {
	for name, data := range m {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return fmt.Errorf("faultfs: write image: %w", err)
		}
	}
	return nil
}

// Image returns the files as they could look when the power goes after the
// first cut entries of the log. What happens to what was not synced is up to
// rng alone: the same log, cut and numbers give the same image. The package
// comment has the rules.
func (l Log) Image(cut int, rng *rand.Rand) Image {
	past := l[:cut]
	m := &outage{rng: rng, style: style(rng.IntN(int(styles))), from: rng.IntN(cut + 1), chance: rng.Float64()}
	synced := past.synced()
	contents := make(map[int][]byte)
	for i, op := range past {
		switch op.Kind {
		case Create:
			contents[op.File] = nil
		case Write, Truncate:
			contents[op.File] = m.apply(contents[op.File], i, op, synced[i])
		}
	}
	image := make(Image)
	for name, file := range m.names(past) {
		image[name] = contents[file]
	}
	return image
}

// Unsynced returns how many writes and truncations are uncertain when the
// power goes after the first cut entries.
func (l Log) Unsynced(cut int) int {
	n := 0
	for i, synced := range l[:cut].synced() {
		if !synced && (l[i].Kind == Write || l[i].Kind == Truncate) {
			n++
		}
	}
	return n
}

// synced tells of each entry whether a sync has covered it.
func (l Log) synced() []bool {
	synced := make([]bool, len(l))
	open := make(map[int][]int) // entries of each file that no sync has tried
	for i, op := range l {
		switch op.Kind {
		case Write, Truncate:
			open[op.File] = append(open[op.File], i)
		case Sync:
			tried, _ := slices.BinarySearch(open[op.File], op.Begun)
			for _, entry := range open[op.File][:tried] {
				synced[entry] = !op.Failed
			}
			open[op.File] = open[op.File][tried:]
		}
	}
	return synced
}

// style is what a power cut prefers. Chance alone would hardly ever find the
// extremes.
type style int

const (
	dropAll   style = iota // nothing that is not synced is there
	keepAll                // all of it is
	keepFirst              // all up to some point
	keepLast               // all from some point on
	keepSome               // each with a chance
	keepFile               // of some files all, of others nothing
	tearSome               // each is there, gone or torn
	tearAll                // each is torn
	styles
)

// outage decides what becomes of each entry that is not synced.
type outage struct {
	rng    *rand.Rand
	style  style
	from   int
	chance float64
	files  map[int]bool
}

func (m *outage) apply(data []byte, i int, op Op, synced bool) []byte {
	switch {
	case synced || m.keeps(i, op.File):
		return op.apply(data)
	case op.Kind == Write && m.tears():
		return m.tear(data, op)
	}
	return data
}

// keeps decides about an entry as a whole.
func (m *outage) keeps(i, file int) bool {
	switch m.style {
	case keepAll:
		return true
	case keepFirst:
		return i < m.from
	case keepLast:
		return i >= m.from
	case keepSome:
		return m.rng.Float64() < m.chance
	case keepFile:
		if _, decided := m.files[file]; !decided {
			if m.files == nil {
				m.files = make(map[int]bool)
			}
			m.files[file] = m.rng.IntN(2) == 0
		}
		return m.files[file]
	case tearSome:
		return m.rng.IntN(3) == 0
	}
	return false
}

func (m *outage) tears() bool {
	return m.style == tearAll || m.style == tearSome && m.rng.IntN(2) == 0
}

// tear writes some sectors. The others keep what they had, or have zeros or
// garbage.
func (m *outage) tear(data []byte, op Op) []byte {
	rest := m.rng.IntN(3)
	end := op.Offset + int64(len(op.Data))
	for start := op.Offset; start < end; {
		next := min(end, (start/sector+1)*sector)
		part := Op{Kind: Write, Offset: start, Data: op.Data[start-op.Offset : next-op.Offset]}
		switch kept := m.rng.IntN(2) == 0; {
		case kept:
			data = part.apply(data)
		case rest == 1:
			part.Data = make([]byte, len(part.Data))
			data = part.apply(data)
		case rest == 2:
			part.Data = garbage(m.rng, len(part.Data))
			data = part.apply(data)
		}
		start = next
	}
	return data
}

func garbage(rng *rand.Rand, length int) []byte {
	data := make([]byte, length)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

// apply does to a file's content what the entry says.
func (op Op) apply(data []byte) []byte {
	end := op.Size
	if op.Kind == Write {
		end = op.Offset + int64(len(op.Data))
	}
	if missing := end - int64(len(data)); missing > 0 {
		data = append(data, make([]byte, missing)...)
	}
	if op.Kind == Truncate {
		return data[:op.Size]
	}
	copy(data[op.Offset:], op.Data)
	return data
}

// names decides which files are found under which names.
func (m *outage) names(past Log) map[string]int {
	certain := 0
	changes := make(map[string][]int)
	for i, op := range past {
		switch op.Kind {
		case Create, Delete:
			changes[op.Name] = append(changes[op.Name], i)
		case SyncFolder:
			certain = max(certain, op.Begun)
		}
	}
	found := make(map[string]int)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		entries := changes[name]
		synced, _ := slices.BinarySearch(entries, certain)
		kept := synced
		switch m.style {
		case dropAll:
		case keepAll:
			kept = len(entries)
		default:
			kept += m.rng.IntN(len(entries) - synced + 1)
		}
		if kept > 0 && past[entries[kept-1]].Kind == Create {
			found[name] = past[entries[kept-1]].File
		}
	}
	return found
}
