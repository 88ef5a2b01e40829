package sse

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Received is an event as an EventSource hands it to its page.
type Received struct {
	Type string
	ID   string // the last one that was told, by this event or another
	Data string
}

// Parser reads a stream as WHATWG HTML, section "Interpreting an event stream",
// has it.
type Parser struct {
	Retry    time.Duration
	Comments int

	r       *bufio.Reader
	begun   bool
	skipLF  bool
	id, typ string
	data    strings.Builder
}

func NewParser(r io.Reader) *Parser { return &Parser{r: bufio.NewReader(r)} }

// Next returns the next event. One that is not finished before the end of the
// stream is none.
func (p *Parser) Next() (Received, error) {
	for {
		line, err := p.line()
		if err != nil {
			return Received{}, err
		}
		if line != "" {
			p.field(line)
			continue
		}
		data, typ := p.data.String(), p.typ
		p.data.Reset()
		p.typ = ""
		if data == "" {
			continue
		}
		if typ == "" {
			typ = "message"
		}
		return Received{Type: typ, ID: p.id, Data: strings.TrimSuffix(data, "\n")}, nil
	}
}

// line returns the next line without its end, which is LF, CR or both.
func (p *Parser) line() (string, error) {
	var line strings.Builder
	for {
		c, err := p.r.ReadByte()
		if err != nil {
			return "", fmt.Errorf("read stream: %w", err)
		}
		if c == '\n' && p.skipLF {
			p.skipLF = false
			continue
		}
		p.skipLF = c == '\r'
		if c != '\n' && c != '\r' {
			line.WriteByte(c)
			continue
		}
		text := line.String()
		if !p.begun {
			p.begun = true
			text = strings.TrimPrefix(text, "\ufeff")
		}
		return text, nil
	}
}

func (p *Parser) field(line string) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "":
		p.Comments++
	case "event":
		p.typ = value
	case "data":
		p.data.WriteString(value + "\n")
	case "id":
		if !strings.Contains(value, "\x00") {
			p.id = value
		}
	case "retry":
		if ms, err := strconv.ParseUint(value, 10, 32); err == nil {
			p.Retry = time.Duration(ms) * time.Millisecond
		}
	}
}
