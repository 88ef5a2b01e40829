package pgstore

import (
	"encoding/binary"
	"errors"
	"maps"
	"net/http"
	"slices"
)

var errHeader = errors.New("stored header is damaged")

// encodeHeader returns the header as bytes: for each field, in the order of
// their names, the name, the number of its values and the values; texts with
// their lengths before them. JSON would not do, for a value may have bytes
// that are not UTF-8. Nil for an empty header.
func encodeHeader(header http.Header) []byte {
	var data []byte
	for _, name := range slices.Sorted(maps.Keys(header)) {
		data = appendText(data, name)
		data = binary.AppendUvarint(data, uint64(len(header[name])))
		for _, value := range header[name] {
			data = appendText(data, value)
		}
	}
	return data
}

func appendText(data []byte, text string) []byte {
	data = binary.AppendUvarint(data, uint64(len(text)))
	return append(data, text...)
}

// decodeHeader is the inverse of encodeHeader; nil for an empty header. Bytes
// that encodeHeader did not write are an error, or give some header; they
// never cost more memory than about what they have themselves.
func decodeHeader(data []byte) (http.Header, error) {
	if len(data) == 0 {
		return nil, nil
	}
	header := make(http.Header)
	for len(data) > 0 {
		name, rest, err := cutText(data)
		if err != nil {
			return nil, err
		}
		count, n := binary.Uvarint(rest)
		if n <= 0 || count > uint64(len(rest)-n) { // each value takes a byte at least
			return nil, errHeader
		}
		data = rest[n:]
		values := make([]string, count)
		for i := range values {
			if values[i], data, err = cutText(data); err != nil {
				return nil, err
			}
		}
		header[name] = values
	}
	return header, nil
}

func cutText(data []byte) (string, []byte, error) {
	length, n := binary.Uvarint(data)
	if n <= 0 || length > uint64(len(data)-n) {
		return "", nil, errHeader
	}
	end := n + int(length)
	return string(data[n:end]), data[end:], nil
}
