package sse

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		msg  feed.Message
		want string
	}{
		"event":            {feed.Message{Cursor: "e.1", Data: []byte(`{"a":1}`)}, "id: e.1\ndata: {\"a\":1}\n\n"},
		"notice":           {feed.Message{Notice: feed.Position, Cursor: "e.1", Data: []byte(`{}`)}, "event: position\nid: e.1\ndata: {}\n\n"},
		"without a cursor": {feed.Message{Notice: feed.Subscribed, Data: []byte(`{}`)}, "event: subscribed\ndata: {}\n\n"},
		"ends of lines":    {feed.Message{Data: []byte("a\nb\r\nc\rd\n")}, "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"},
		"space in front":   {feed.Message{Data: []byte(" a")}, "data:  a\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			encode(&buf, test.msg)
			require.Equal(t, test.want, buf.String())
		})
	}
}

// FuzzEncode requires that a browser gets the data that was sent, whatever it
// is, and nothing else.
func FuzzEncode(f *testing.F) {
	f.Add([]byte("{}"), []byte(`{"a":"b"}`))
	f.Add([]byte("a\r\n\r\nid: 7\n\n"), []byte("\r"))
	f.Add([]byte(":\nevent: x\n"), []byte("data: x"))
	normal := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var buf bytes.Buffer
		encode(&buf, feed.Message{Cursor: "e.1", Data: first})
		encode(&buf, feed.Message{Notice: feed.Position, Cursor: "e.2", Data: second})
		p := NewParser(&buf)
		got, err := p.Next()
		require.NoError(t, err)
		require.Equal(t, Received{Type: "message", ID: "e.1", Data: normal.Replace(string(first))}, got)
		got, err = p.Next()
		require.NoError(t, err)
		require.Equal(t, Received{Type: "position", ID: "e.2", Data: normal.Replace(string(second))}, got)
		_, err = p.Next()
		require.Error(t, err)
	})
}
