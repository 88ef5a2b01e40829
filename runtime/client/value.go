package client

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// textsOf returns the texts of a value that may be absent, or several.
func textsOf(value any) ([]string, error) {
	v := reflect.ValueOf(value)
	switch {
	case !v.IsValid() || v.IsZero():
		return nil, nil
	case !isList(value):
		text, err := textOf(value)
		return []string{text}, err
	}
	texts := make([]string, v.Len())
	for i := range texts {
		var err error
		if texts[i], err = textOf(v.Index(i).Interface()); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// isList reports whether a value is a slice of values.
func isList(value any) bool {
	if _, ok := value.(encoding.TextMarshaler); ok {
		return false
	}
	t := reflect.TypeOf(value)
	return t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
}

// textOf returns a value as servers read it back.
func textOf(value any) (string, error) {
	v := reflect.ValueOf(value)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", errors.New("it is nil")
	}
	switch typed := value.(type) {
	case time.Time:
		return typed.Format(time.RFC3339Nano), nil
	case encoding.TextMarshaler:
		text, err := typed.MarshalText()
		return string(text), err
	}
	switch v.Kind() {
	case reflect.Pointer:
		return textOf(v.Elem().Interface())
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return floatText(v.Float(), v.Type().Bits())
	}
	return "", fmt.Errorf("a %v is neither a text, a number, a boolean nor a time, and has no MarshalText", v.Type())
}

func floatText(f float64, bits int) (string, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "", fmt.Errorf("%v cannot be sent", f)
	}
	return strconv.FormatFloat(f, 'g', -1, bits), nil
}

// checkFields refuses values of a header field that would not arrive as they
// are.
func checkFields(name string, values []string, list bool) error {
	for _, value := range values {
		if err := checkField(name, value); err != nil {
			return err
		}
		if strings.Trim(value, " \t") != value {
			return errors.New("the spaces at the ends of its value would be lost")
		}
		if list && (value == "" || strings.Contains(value, ",")) {
			return fmt.Errorf("%q cannot be an element of a list, whose elements are between commas", value)
		}
	}
	return nil
}

// checkHeader refuses what net/http would refuse with an error that looks like
// one of the network.
func checkHeader(header http.Header) error {
	for name, values := range header {
		for _, value := range values {
			if err := checkField(name, value); err != nil {
				return fmt.Errorf("header %q: %w", name, err)
			}
		}
	}
	return nil
}

func checkField(name, value string) error {
	if !isToken(name) {
		return errors.New("that is not the name of a header field")
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	if strings.ContainsFunc(value, control) {
		return errors.New("its value has a line break or another control character")
	}
	return nil
}

// isToken reports whether a text is a token (RFC 9110, section 5.6.2), as
// methods and the names of header fields are.
func isToken(text string) bool {
	for _, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r) {
			return false
		}
	}
	return text != ""
}
