package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
)

// The problem types that decide about another attempt.
const (
	problemKeyReused      = "urn:cnerium:problem:key-reused"
	problemInFlight       = "urn:cnerium:problem:in-flight"
	problemOutcomeUnknown = "urn:cnerium:problem:outcome-unknown"
)

// Sentinels for errors.Is: the answers about the key itself.
var (
	// ErrKeyReused is the answer when the key was used for a request with
	// another content. Nothing has been done for this one. It is a mistake in
	// the choice of keys; a new key makes a new operation.
	ErrKeyReused = errors.New("the key is used for another request")

	// ErrInFlight is the answer while an earlier request with the key is still
	// at work. It is tried again by itself until the limits are reached.
	ErrInFlight = errors.New("an earlier request with the key is still at work")

	// ErrOutcomeUnknown is the answer when an earlier request with the key
	// died, and nobody knows what it has done. An operator of the server
	// settles it; a later call with the same key gets what came of it. Another
	// key could do it twice.
	ErrOutcomeUnknown = errors.New("nobody knows what became of an earlier request with the key")
)

// Problem is a problem document (RFC 9457), as servers send it with an answer
// that is not a success. It is reached by errors.As on the error of a call.
type Problem struct { //nolint:errname // RFC 9457 calls it so
	Type       string                     // a URI; about:blank when the document has none
	Title      string                     // what the type means, in short
	Status     int                        // as the document has it, 0 when it does not
	Detail     string                     // what happened this time
	Instance   string                     // a URI of this occurrence
	Extensions map[string]json.RawMessage // all other members; nil without any
}

// Error returns the status, its title and the detail.
func (p *Problem) Error() string {
	text := p.Title
	if text == "" {
		text = http.StatusText(p.Status)
	}
	if p.Status != 0 {
		text = strconv.Itoa(p.Status) + " " + text
	}
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	return text
}

// Is reports whether target is the sentinel of the problem's type.
func (p *Problem) Is(target error) bool {
	switch p.Type {
	case problemKeyReused:
		return target == ErrKeyReused
	case problemInFlight:
		return target == ErrInFlight
	case problemOutcomeUnknown:
		return target == ErrOutcomeUnknown
	}
	return false
}

// UnmarshalJSON reads a problem document. A member whose value is not of the
// kind that RFC 9457 says is ignored, as it asks (section 3.1).
func (p *Problem) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return fmt.Errorf("read problem document: %w", err)
	}
	*p = Problem{Type: "about:blank"}
	for name, target := range map[string]any{
		"type": &p.Type, "title": &p.Title, "status": &p.Status, "detail": &p.Detail, "instance": &p.Instance,
	} {
		if value, ok := members[name]; ok {
			_ = json.Unmarshal(value, target) // to be ignored when it does not fit
			delete(members, name)
		}
	}
	if len(members) > 0 {
		p.Extensions = members
	}
	return nil
}

// problemOf returns the problem document that a body is, or nil.
func problemOf(header http.Header, body []byte) *Problem {
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if mediaType != "application/problem+json" {
		return nil
	}
	p := new(Problem)
	if err := p.UnmarshalJSON(body); err == nil {
		return p
	}
	return nil
}
