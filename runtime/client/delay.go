package client

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// delays are the pauses between the attempts of one call.
type delays struct{ backoff backoff.ExponentialBackOff }

// newDelays gives pauses with full jitter: around half of the longest pause,
// by as much again in both directions.
func newDelays(r Retry) *delays {
	return &delays{backoff.ExponentialBackOff{
		InitialInterval:     r.BaseDelay / 2,
		MaxInterval:         r.MaxDelay / 2,
		Multiplier:          2,
		RandomizationFactor: 1,
	}}
}

// next returns the next pause. What the server asks for comes before it and
// not instead of it: it has asked many others for the same.
func (d *delays) next(after time.Duration) time.Duration {
	return max(0, after) + d.backoff.NextBackOff()
}

// retryAfter returns what a Retry-After field asks for, in seconds or as a
// date (RFC 9110, section 10.2.3); zero when there is nothing to read. A date
// counts from the server's clock where the answer tells it.
func retryAfter(header http.Header) time.Duration {
	field := strings.TrimSpace(header.Get("Retry-After"))
	if field == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(field, 10, 63); err == nil || isDigits(field) {
		const longest = 365 * 24 * 60 * 60 // beyond that it makes no difference
		if err != nil {
			seconds = longest
		}
		return time.Duration(min(seconds, longest)) * time.Second
	}
	date, err := http.ParseTime(field)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, date.Sub(now))
}

// isDigits reports whether a text is a number, however large.
func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }
