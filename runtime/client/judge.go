package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

// verdict is what follows from one attempt.
type verdict struct {
	again   bool          // another attempt can help
	healthy bool          // it is asked for by a server that is not in distress
	pending bool          // nothing final was said about the operation
	mute    bool          // nothing was said about the attempts before either
	after   time.Duration // what the server asks to wait
}

// worthRetrying are the statuses after which the server has freed the key, or
// has never seen it: the operation runs with the next attempt, if it has not
// run already. A 500 frees the key, too, but comes from a mistake, which an
// attempt a moment later would only meet again.
var worthRetrying = map[int]bool{
	http.StatusRequestTimeout:     true,
	http.StatusTooEarly:           true,
	http.StatusTooManyRequests:    true,
	http.StatusBadGateway:         true,
	http.StatusServiceUnavailable: true,
	http.StatusGatewayTimeout:     true,
}

// isMute reports whether a status is one of those who stand before the
// operations and ask who it is, or where it should go instead: a login that has
// run out in the middle of a call says nothing about what was sent before.
func isMute(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return true
	}
	return status/100 == 3
}

// judge decides what follows from an attempt's answer or error.
func judge(ctx context.Context, a *answer, err error) verdict {
	if a == nil {
		if p, ok := errors.AsType[*finalError](err); ok {
			return verdict{pending: p.pending}
		}
		return verdict{again: ctx.Err() == nil && !hopeless(err), pending: true}
	}
	v := verdict{after: retryAfter(a.resp.Header)}
	switch {
	case a.problem != nil && a.problem.Type == problemKeyReused:
	case a.problem != nil && a.problem.Type == problemOutcomeUnknown:
		v.pending = true
	case a.resp.StatusCode == http.StatusConflict && a.problem != nil && a.problem.Type == problemInFlight:
		v.again, v.healthy, v.pending = true, true, true
	case worthRetrying[a.resp.StatusCode]:
		v.again, v.pending = true, true
	default:
		v.pending, v.mute = a.resp.StatusCode >= 500, isMute(a.resp.StatusCode)
	}
	return v
}

// finalError is an error of an attempt after which no other is made.
type finalError struct {
	err     error
	pending bool // the request may have been carried out
}

// Error is that of the error.
func (e *finalError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *finalError) Unwrap() error { return e.err }

// hopeless reports whether an error will be the same the next time: it is
// about how one of the sides is configured, and not about the network.
func hopeless(err error) bool {
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return configurationAlerts[alert]
	}
	return isType[*tls.CertificateVerificationError](err) ||
		isType[x509.UnknownAuthorityError](err) ||
		isType[x509.HostnameError](err) ||
		isType[x509.CertificateInvalidError](err) ||
		isType[tls.RecordHeaderError](err) ||
		errors.Is(err, http.ErrSchemeMismatch)
}

// configurationAlerts are the alerts of TLS that another attempt will meet
// again (RFC 8446, section 6.2).
var configurationAlerts = map[tls.AlertError]bool{
	40:  true, // handshake_failure
	42:  true, // bad_certificate
	43:  true, // unsupported_certificate
	44:  true, // certificate_revoked
	45:  true, // certificate_expired
	46:  true, // certificate_unknown
	47:  true, // illegal_parameter
	48:  true, // unknown_ca
	49:  true, // access_denied
	70:  true, // protocol_version
	71:  true, // insufficient_security
	112: true, // unrecognized_name
	116: true, // certificate_required
	120: true, // no_application_protocol
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
