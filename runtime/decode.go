package cnerium

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// DecodeJSON decodes the body, which must be exactly one JSON value, into v.
// The errors are answers: 415 for a Content-Type that is not JSON (none at all
// passes), 400 for an empty body, a malformed one, a wrong type (with field
// and offset), an unknown field, or anything after the value.
//
// The names in notInBody are treated as unknown fields although v has them:
// generated code lists the fields that are bound from elsewhere and have no
// json:"-".
func (r *Request) DecodeJSON(v any, notInBody ...string) error {
	if err := requireJSON(r.Header.Get("Content-Type")); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return bodyError(err, dec.InputOffset())
	}
	end := dec.InputOffset()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return BadRequest(fmt.Sprintf("body: more data after the JSON value, at byte %d", end))
	}
	return r.refuseFields(notInBody)
}

// refuseFields reports a top-level field of the body that has one of the
// names, in any case, as encoding/json matches them.
func (r *Request) refuseFields(names []string) error {
	if len(names) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(r.body, &fields) // what is not an object has no fields
	for field := range fields {
		for _, name := range names {
			if strings.EqualFold(field, name) {
				return BadRequest(fmt.Sprintf("body: unknown field %q", field))
			}
		}
	}
	return nil
}

// requireJSON accepts application/json and every +json type.
func requireJSON(contentType string) error {
	if contentType == "" || contentType == "application/json" {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")) {
		return nil
	}
	return Errorf(http.StatusUnsupportedMediaType, "Content-Type is %q, expected application/json", contentType)
}

// bodyError turns an error of encoding/json into an answer that names the
// place.
func bodyError(err error, offset int64) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return BadRequest(fmt.Sprintf("body: malformed JSON at byte %d: %v", syntax.Offset, syntax))
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		place := "body"
		if wrong.Field != "" {
			place = fmt.Sprintf("body: field %q", wrong.Field)
		}
		return BadRequest(fmt.Sprintf("%s: cannot be a JSON %s, at byte %d", place, wrong.Value, wrong.Offset))
	}
	switch {
	case errors.Is(err, io.EOF):
		return BadRequest("body: empty, expected a JSON value")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return BadRequest(fmt.Sprintf("body: malformed JSON: ends early, at byte %d", offset))
	}
	return BadRequest("body: " + strings.TrimPrefix(err.Error(), "json: "))
}
