package generator

import (
	"bytes"
	"encoding/json"
	"errors"
)

// errDamaged is the error of a file that was not stored like this.
var errDamaged = errors.New("a file of the cache is damaged")

// entry is what is stored under the key of a run: JSON, behind a line with its
// sum.
type entry struct {
	Inputs inputs
	Sum    string // of the inputs
	Pack   string // sum of the pack, under which that is stored
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

func (p *pack) encode() ([]byte, error) {
	head := packHead{Routes: p.Routes}
	size := 0
	for sum, code := range p.Codes {
		head.Codes = append(head.Codes, packedCode{sum, len(code)})
		size += len(code)
	}
	content, err := json.Marshal(head)
	content = append(make([]byte, 0, len(content)+1+size), append(content, '\n')...)
	for _, code := range head.Codes {
		content = append(content, p.Codes[code.Sum]...)
	}
	return content, err
}

func decodePack(content []byte) (*pack, error) {
	line, rest, _ := bytes.Cut(content, []byte("\n"))
	var head packHead
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, err
	}
	p := &pack{Codes: make(map[string][]byte, len(head.Codes)), Routes: head.Routes}
	for _, code := range head.Codes {
		if len(rest) < code.Size {
			return nil, errDamaged
		}
		p.Codes[code.Sum], rest = rest[:code.Size:code.Size], rest[code.Size:]
	}
	return p, nil
}
