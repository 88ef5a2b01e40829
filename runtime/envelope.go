package cnerium

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Event is a fact that a handler announced with [Emit]. It is stored in the
// same commit as the handler's response and published after it.
type Event struct {
	ID        string          // stable and unique in its store; "" before the commit
	Cursor    string          // opaque position in the order of commits; "" before the commit
	Operation string          // whose handler emitted it
	Room      string          // "" for everybody
	Type      string          // such as order.created
	Subject   string          // what it is about, such as the order's number; "" when not said
	Time      time.Time       // when it was emitted
	Data      json.RawMessage // always valid JSON
}

// MarshalJSON returns the event as it goes over the wire: a CloudEvents 1.0
// object in the JSON event format. Its attributes are
//
//   - id: the ID; with the source it names the event wherever it goes, and a
//     repetition has the same
//   - source: urn:cnerium:operation: and the Operation, percent-encoded where
//     a URI needs it
//   - type, subject and time: as they are here; no subject when it is ""
//   - datacontenttype: application/json, and data is the Data, nested
//   - room: an extension, the Room; missing for everybody's events
//   - cursor: an extension, the Cursor; who comes back with it gets what
//     was committed after the event
//
// The time is in UTC.
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		SpecVersion     string          `json:"specversion"`
		ID              string          `json:"id"`
		Source          string          `json:"source"`
		Type            string          `json:"type"`
		Subject         string          `json:"subject,omitempty"`
		Time            time.Time       `json:"time"`
		DataContentType string          `json:"datacontenttype"`
		Room            string          `json:"room,omitempty"`
		Cursor          string          `json:"cursor"`
		Data            json.RawMessage `json:"data"`
	}{
		SpecVersion:     "1.0",
		ID:              e.ID,
		Source:          "urn:cnerium:operation:" + url.PathEscape(e.Operation),
		Type:            e.Type,
		Subject:         e.Subject,
		Time:            e.Time.UTC(),
		DataContentType: "application/json",
		Room:            e.Room,
		Cursor:          e.Cursor,
		Data:            e.Data,
	})
}

// fault says why the event cannot be published, or returns nil.
func (e *Event) fault(maxData int64) error {
	if e.Type == "" {
		return errors.New("the type is empty")
	}
	for _, attribute := range []struct{ name, value string }{{"type", e.Type}, {"room", e.Room}, {"subject", e.Subject}} {
		if fault := attributeFault(attribute.value); fault != "" {
			return fmt.Errorf("the %s %s", attribute.name, fault)
		}
	}
	if size := int64(len(e.Data)); size > maxData {
		return fmt.Errorf("the data has %d bytes, and Options.MaxEvent is %d", size, maxData)
	}
	if tooDeep(e.Data) {
		return fmt.Errorf("the data is nested more than %d deep", maxDepth)
	}
	return nil
}

// maxDepth is how deep data may be nested. Encoders and decoders have limits,
// encoding/json among them: an event that one of them refuses would hold up all
// that come after it.
const maxDepth = 1000

// tooDeep reports whether arrays and objects, of valid JSON, are nested too
// deep.
func tooDeep(data []byte) bool {
	if len(data) <= 2*maxDepth {
		return false // each level takes two bytes
	}
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
		if depth > maxDepth {
			return true
		}
	}
	return false
}

// maxAttribute is the longest type, room, subject and name of a publisher, in
// bytes.
const maxAttribute = 255

// attributeFault says why a text cannot be an attribute of an event, or "". It
// is what CloudEvents allows in a String, and short: it is in every event, and
// a client may send it back.
func attributeFault(text string) string {
	switch {
	case len(text) > maxAttribute:
		return fmt.Sprintf("has %d bytes, more than %d", len(text), maxAttribute)
	case !utf8.ValidString(text):
		return "is not valid UTF-8"
	case strings.ContainsFunc(text, disallowed):
		return "has a control character or a noncharacter"
	}
	return ""
}

// disallowed reports whether CloudEvents keeps the character out of a String.
func disallowed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}
