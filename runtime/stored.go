package cnerium

import (
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
)

// StoredResponse is a response as stores keep it, with what may be sent again.
// Its texts cannot be changed, so nobody has to copy them. The zero value is
// no response.
type StoredResponse struct {
	Status int // 200 to 599; 0 for no response
	Header StoredHeader
	Body   string
}

// StoredHeader is a header as one text: for each field, in the order of their
// names, the name, the number of its values and the values; texts with their
// lengths before them, numbers as varints. It can have any byte. To a store it
// is just text; "" is an empty header.
type StoredHeader string

// errHeader is what becomes of a text that is no header.
var errHeader = errors.New("the stored header is damaged")

// Stored returns the response as stores keep it: without what belongs to the
// connection, and without secrets. See [Response.Set].
func (r *Response) Stored() StoredResponse {
	stored, _ := seal(r)
	return stored
}

// Response returns the response in the form that handlers return. The error is
// that of a header which is damaged.
func (s StoredResponse) Response() (*Response, error) {
	header := make(http.Header)
	if err := s.Header.copyTo(header); err != nil {
		return nil, err
	}
	return &Response{Status: s.Status, Header: header, Body: []byte(s.Body)}, nil
}

// IsZero reports whether there is no response.
func (s StoredResponse) IsZero() bool { return s.Status == 0 }

// storeHeader encodes a header that has these names.
func storeHeader(header http.Header, names []string) StoredHeader {
	slices.Sort(names)
	text := make([]byte, 0, 256) // stays on the stack as long as it is enough
	for _, name := range names {
		text = appendText(text, name)
		text = binary.AppendUvarint(text, uint64(len(header[name])))
		for _, value := range header[name] {
			text = appendText(text, value)
		}
	}
	return StoredHeader(text)
}

func appendText(data []byte, text string) []byte {
	data = binary.AppendUvarint(data, uint64(len(text)))
	return append(data, text...)
}

// copyTo sets the fields of another header. When the text is damaged, some of
// them may have been set.
func (h StoredHeader) copyTo(header http.Header) error {
	return h.walk(func(name string, values []string) { header[name] = values })
}

// check reports whether the text is a header.
func (h StoredHeader) check() error { return h.walk(nil) }

// walk calls each for every field, with values that are nobody else's. Without
// it, it only looks whether it could.
func (h StoredHeader) walk(each func(name string, values []string)) error {
	for rest := string(h); rest != ""; {
		name, after, ok := cutText(rest)
		if !ok {
			return errHeader
		}
		count, after, ok := cutNumber(after)
		if !ok {
			return errHeader
		}
		var values []string
		if each != nil {
			values = make([]string, count)
		}
		for i := range count {
			var value string
			if value, after, ok = cutText(after); !ok {
				return errHeader
			}
			if each != nil {
				values[i] = value
			}
		}
		if each != nil {
			each(name, values)
		}
		rest = after
	}
	return nil
}

func cutText(data string) (text, rest string, ok bool) {
	length, rest, ok := cutNumber(data)
	if !ok {
		return "", "", false
	}
	return rest[:length], rest[length:], true
}

// cutNumber cuts off a number that counts bytes, or texts of at least one byte
// each, of what comes behind it. So it is never larger than the rest is long,
// and damaged bytes never cost more memory than about what they have themselves.
func cutNumber(data string) (n int, rest string, ok bool) {
	var number uint64
	for i := range min(len(data), binary.MaxVarintLen64) {
		number |= uint64(data[i]&0x7f) << (7 * i)
		if data[i] < 0x80 {
			rest = data[i+1:]
			return int(number), rest, number <= uint64(len(rest))
		}
	}
	return 0, "", false
}
