package cnerium

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Value is what a request holds at one place outside its body, with the
// place's name for error messages. The functions Bind… turn it into typed
// fields; an absent value makes them store the zero value, so nothing that was
// in the destination before can pass for it.
type Value struct {
	place string
	texts []string
	err   error
}

// FromPath returns the value of a path wildcard. It is always present.
func (r *Request) FromPath(name string) Value {
	return Value{place: "path value " + strconv.Quote(name), texts: []string{r.PathValue(name)}}
}

// FromQuery returns the values of a query parameter, in their order.
func (r *Request) FromQuery(name string) Value {
	v := Value{place: "query parameter " + strconv.Quote(name), texts: r.query[name]}
	if r.queryErr != nil {
		v.err = BadRequest("query: " + r.queryErr.Error())
	}
	return v
}

// FromHeader returns the values of a header field, one for each line.
func (r *Request) FromHeader(name string) Value {
	return Value{place: "header " + strconv.Quote(name), texts: r.Header.Values(name)}
}

// FromHeaderList returns the elements of a header field that is a list: its
// lines, split at commas (RFC 9110, section 5.6.1).
func (r *Request) FromHeaderList(name string) Value {
	v := r.FromHeader(name)
	var elements []string
	for _, line := range v.texts {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.TrimSpace(element); element != "" {
				elements = append(elements, element)
			}
		}
	}
	v.texts = elements
	return v
}

// one returns the single text of the value, and whether there is one.
func (v Value) one() (string, bool, error) {
	switch {
	case v.err != nil:
		return "", false, v.err
	case len(v.texts) == 0:
		return "", false, nil
	case len(v.texts) > 1:
		return "", false, BadRequest(fmt.Sprintf("%s: given %d times", v.place, len(v.texts)))
	}
	return v.texts[0], true, nil
}

// wrong returns the error for a text that is not of the expected kind.
func (v Value) wrong(expected string) error { return BadRequest(v.place + ": " + expected) }

// BindString stores the value as it is.
func BindString[T ~string](v Value, dst *T) error {
	text, _, err := v.one()
	*dst = T(text)
	return err
}

// BindBool stores a boolean: true, false, 1 or 0.
func BindBool[T ~bool](v Value, dst *T) error {
	text, ok, err := v.one()
	*dst = false
	if !ok {
		return err
	}
	switch text {
	case "true", "1":
		*dst = true
	case "false", "0":
	default:
		return v.wrong("not true or false")
	}
	return nil
}

// Int is any type whose underlying type is a signed integer.
type Int interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64
}

// BindInt stores a decimal integer that fits the type.
func BindInt[T Int](v Value, dst *T) error {
	text, ok, err := v.one()
	*dst = 0
	if !ok {
		return err
	}
	n, err := strconv.ParseInt(text, 10, reflect.TypeFor[T]().Bits())
	if err != nil {
		return v.wrong(numberFault(err, "an integer"))
	}
	*dst = T(n)
	return nil
}

// Uint is any type whose underlying type is an unsigned integer.
type Uint interface {
	~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// BindUint stores a decimal integer of zero or more that fits the type.
func BindUint[T Uint](v Value, dst *T) error {
	text, ok, err := v.one()
	*dst = 0
	if !ok {
		return err
	}
	n, err := strconv.ParseUint(text, 10, reflect.TypeFor[T]().Bits())
	if err != nil {
		return v.wrong(numberFault(err, "a non-negative integer"))
	}
	*dst = T(n)
	return nil
}

// Float is any type whose underlying type is a floating-point number.
type Float interface {
	~float32 | ~float64
}

// BindFloat stores a finite floating-point number.
func BindFloat[T Float](v Value, dst *T) error {
	text, ok, err := v.one()
	*dst = 0
	if !ok {
		return err
	}
	f, err := strconv.ParseFloat(text, reflect.TypeFor[T]().Bits())
	if err != nil {
		return v.wrong(numberFault(err, "a number"))
	}
	if f-f != 0 { // not so for infinities and NaN
		return v.wrong("not a finite number")
	}
	*dst = T(f)
	return nil
}

// BindTime stores a time in the format of RFC 3339.
func BindTime(v Value, dst *time.Time) error {
	text, ok, err := v.one()
	*dst = time.Time{}
	if !ok {
		return err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return v.wrong("not a time such as 2006-01-02T15:04:05Z")
	}
	*dst = t
	return nil
}

// TextPointer is a pointer to T that reads its text form.
type TextPointer[T any] interface {
	*T
	encoding.TextUnmarshaler
}

// BindText stores a value of a type that has UnmarshalText. An absent value is
// the zero value, and UnmarshalText is not called.
func BindText[T any, P TextPointer[T]](v Value, dst P) error {
	text, ok, err := v.one()
	var zero T
	*dst = zero
	if !ok {
		return err
	}
	if err := dst.UnmarshalText([]byte(text)); err != nil {
		return BadRequest(v.place + ": " + err.Error())
	}
	return nil
}

// BindSlice stores all values of a place, each by the function bind. An absent
// place is a nil slice.
func BindSlice[S ~[]T, T any](v Value, dst *S, bind func(Value, *T) error) error {
	*dst = nil
	if v.err != nil {
		return v.err
	}
	for i := range v.texts {
		var element T
		if err := bind(Value{place: v.place, texts: v.texts[i : i+1]}, &element); err != nil {
			return err
		}
		*dst = append(*dst, element)
	}
	return nil
}

// BindPointer stores a pointer to the value, by the function bind; nil for an
// absent one.
func BindPointer[T any](v Value, dst **T, bind func(Value, *T) error) error {
	*dst = nil
	if v.err != nil || len(v.texts) == 0 {
		return v.err
	}
	p := new(T)
	if err := bind(v, p); err != nil {
		return err
	}
	*dst = p
	return nil
}

// numberFault says why a text is not the expected kind of number.
func numberFault(err error, kind string) string {
	if errors.Is(err, strconv.ErrRange) {
		return "out of range"
	}
	return "not " + kind
}
