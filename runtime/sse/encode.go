package sse

import (
	"bytes"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

// encode appends a message in the format text/event-stream (WHATWG HTML,
// server-sent events).
func encode(buf *bytes.Buffer, m feed.Message) {
	if m.Notice != "" {
		buf.WriteString("event: ")
		buf.WriteString(m.Notice)
		buf.WriteByte('\n')
	}
	if m.Cursor != "" {
		buf.WriteString("id: ")
		buf.WriteString(m.Cursor)
		buf.WriteByte('\n')
	}
	data := m.Data
	for {
		line, rest, more := cutLine(data)
		buf.WriteString("data: ")
		buf.Write(line)
		buf.WriteByte('\n')
		if !more {
			break
		}
		data = rest
	}
	buf.WriteByte('\n')
}

// cutLine cuts the data after its first line. An end of line is one of those
// that the format knows; a field has none inside.
func cutLine(data []byte) (line, rest []byte, more bool) {
	i := bytes.IndexAny(data, "\r\n")
	if i < 0 {
		return data, nil, false
	}
	next := i + 1
	if data[i] == '\r' && next < len(data) && data[next] == '\n' {
		next++
	}
	return data[:i], data[next:], true
}
