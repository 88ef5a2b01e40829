package generator

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// withoutBodies returns the bytes of a file with blanks in place of what stands
// in the bodies of its functions, so that all else keeps its place. Nothing of
// a body matters to a run, and to parse them is most of the work. A body that
// says cnerium stays, because a directive in it has to be reported; and all of
// them stay when this quick look cannot make the file out: the parser will say
// why. The result may lie in the room, if that is large enough.
func withoutBodies(content, room []byte) []byte {
	b := bodies{text: content, room: room}
	for b.at < len(content) {
		if b.depth == 0 && b.atFunc() {
			if !b.function() {
				return content
			}
			continue
		}
		if !b.next() {
			return content
		}
	}
	if b.depth != 0 || b.out == nil {
		return content
	}
	return b.out
}

// bodies is a look through a file.
type bodies struct {
	text  []byte
	at    int
	depth int    // in brackets of all kinds
	out   []byte // the text with blanks; nil as long as there are none
	room  []byte // for that
}

// rooms has room for files without their bodies. Nothing of them is left in
// what a parser makes.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

var (
	funcWord   = []byte("func ")
	braceWords = [][]byte{[]byte("struct"), []byte("interface")} // what follows them is no body
)

// atFunc reports whether a function is declared here, at the beginning of a
// line.
func (b *bodies) atFunc() bool {
	return (b.at == 0 || b.text[b.at-1] == '\n') && bytes.HasPrefix(b.text[b.at:], funcWord)
}

// function goes behind a function, and blanks its body. It fails when the file
// cannot be made out.
func (b *bodies) function() bool {
	for b.at < len(b.text) && (b.depth > 0 || b.text[b.at] != '\n' && !b.atBody()) {
		if !b.next() {
			return false
		}
	}
	if b.at == len(b.text) || b.text[b.at] == '\n' {
		return true // there is no body
	}
	begin := b.at + 1
	for b.next() {
		if b.depth == 0 {
			b.blank(begin, b.at-1)
			return true
		}
		if b.at == len(b.text) {
			return false
		}
	}
	return false
}

// atBody reports whether a brace begins here that is none of a type.
func (b *bodies) atBody() bool {
	if b.text[b.at] != '{' {
		return false
	}
	before := bytes.TrimRight(b.text[:b.at], " \t")
	return !slices.ContainsFunc(braceWords, func(word []byte) bool { return bytes.HasSuffix(before, word) })
}

// blank puts blanks in place of a body.
func (b *bodies) blank(begin, end int) {
	if mentionsTool(b.text[begin:end]) {
		return
	}
	if b.out == nil {
		b.out = b.room[:0]
		b.out = append(b.out, b.text...)
	}
	for i := begin; i < end; i++ {
		if b.out[i] != '\n' {
			b.out[i] = ' '
		}
	}
}

// isPlain has the bytes that need no look.
var isPlain = func() (plain [256]bool) {
	for i := range plain {
		plain[i] = strings.IndexByte("\"'`/(){}[]\n", byte(i)) < 0
	}
	return plain
}()

// next goes to the next byte that needs a look, if it is not there, and else
// over what begins with it. It fails when the file cannot be made out.
func (b *bodies) next() bool {
	c := b.text[b.at]
	b.at++
	switch c {
	case '\n': // a function may begin behind it
	case '(', '[', '{':
		b.depth++
	case ')', ']', '}':
		b.depth--
		return b.depth >= 0
	case '`':
		return b.behind("`")
	case '"', '\'':
		return b.quoted(c)
	case '/':
		return b.comment()
	default:
		for b.at < len(b.text) && isPlain[b.text[b.at]] {
			b.at++
		}
	}
	return true
}

// comment goes behind a comment, if there is one. The end of a line is not a
// part of it.
func (b *bodies) comment() bool {
	rest := b.text[b.at:]
	if bytes.HasPrefix(rest, []byte("*")) {
		b.at++
		return b.behind("*/")
	}
	if bytes.HasPrefix(rest, []byte("/")) {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		b.at += end
	}
	return true
}

// behind goes behind the next place where a text stands.
func (b *bodies) behind(text string) bool {
	i := bytes.Index(b.text[b.at:], []byte(text))
	if i < 0 {
		return false
	}
	b.at += i + len(text)
	return true
}

// quoted goes behind the end of a string or a rune.
func (b *bodies) quoted(quote byte) bool {
	for ; b.at < len(b.text); b.at++ {
		switch b.text[b.at] {
		case quote:
			b.at++
			return true
		case '\\':
			b.at++
		case '\n':
			return false
		}
	}
	return false
}
