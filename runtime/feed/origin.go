package feed

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// checkOrigins finds patterns that no origin matches.
func checkOrigins(patterns []string) error {
	var errs []error
	for _, pattern := range patterns {
		_, host, hasScheme := strings.Cut(pattern, "://")
		if !hasScheme {
			host = pattern
		}
		_, err := path.Match(pattern, "")
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("the allowed origin %q: %w", pattern, err))
		case host == "" || strings.ContainsAny(host, "/@ "):
			errs = append(errs, fmt.Errorf("the allowed origin %q matches none: write it like example.com, *.example.com or "+
				"https://example.com:8443, without a path", pattern))
		}
	}
	return errors.Join(errs...)
}

// OriginAllowed reports whether the page that sends the request, if it is one
// of another host, is of an allowed origin.
func (f *Feed) OriginAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false // such as "null", of a page without an origin
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	for _, pattern := range f.opts.AllowedOrigins {
		name := u.Host
		if strings.Contains(pattern, "://") {
			name = u.Scheme + "://" + u.Host
		}
		if ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name)); err == nil && ok {
			return true
		}
	}
	return false
}
