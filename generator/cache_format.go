package generator

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// errDamaged is the error of a file that was not stored like this.
var errDamaged = errors.New("a file of the cache is damaged")

// entry is what is stored under the key of a run: JSON, behind a line with its
// sum.
type entry struct {
	Inputs inputs
	Sum    string // of the inputs
	Pack   string // sum of the pack's head, under which that is stored
	Result result
}

func (e *entry) encode() ([]byte, error) {
	content, err := json.Marshal(e)
	return append([]byte(sumOf(content)+"\n"), content...), err
}

func decodeEntry(content []byte) (*entry, error) {
	sum, content, _ := bytes.Cut(content, []byte("\n"))
	if sumOf(content) != string(sum) {
		return nil, errDamaged
	}
	var e entry
	return &e, json.Unmarshal(content, &e)
}

// pack is the part of a result that is not needed when nothing has changed.
type pack struct {
	Codes  map[string][]byte // by the sums of folders
	Routes []Listed
}

// packHead is the first line of a stored pack. The codes follow, one after the
// other, as they are.
type packHead struct {
	Codes  []packedCode
	Routes []Listed
}

type packedCode struct {
	Sum  string
	Size int
}

// encode returns the bytes to be stored, in parts, and the sum of their first
// line. The codes have sums of their own.
func (p *pack) encode() (content [][]byte, sum string, err error) {
	head := packHead{Routes: p.Routes}
	for _, sum := range slices.Sorted(maps.Keys(p.Codes)) {
		head.Codes = append(head.Codes, packedCode{sum, len(p.Codes[sum])})
	}
	line, err := json.Marshal(head)
	content = append(content, line, []byte("\n"))
	for _, code := range head.Codes {
		content = append(content, p.Codes[code.Sum])
	}
	return content, sumOf(line), err
}

// decodePack is the inverse of encode.
func decodePack(content []byte, sum string) (*pack, error) {
	line, rest, _ := bytes.Cut(content, []byte("\n"))
	if sumOf(line) != sum {
		return nil, errDamaged
	}
	var head packHead
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, err
	}
	p := &pack{Codes: make(map[string][]byte, len(head.Codes)), Routes: head.Routes}
	for _, code := range head.Codes {
		if len(rest) < code.Size || sumOf(rest[:code.Size]) != code.Sum {
			return nil, errDamaged
		}
		p.Codes[code.Sum], rest = rest[:code.Size:code.Size], rest[code.Size:]
	}
	return p, nil
}
