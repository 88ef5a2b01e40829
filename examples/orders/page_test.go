package main

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHealthAnswers(t *testing.T) {
	t.Parallel()
	r := newShop(t).get(t, "/health")
	require.Equal(t, http.StatusOK, r.status)
	require.Equal(t, `{"ok":true,"service":"orders"}`, r.body)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
}

func TestPageIsServedWithItsFilesAndAStrictPolicy(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for path, contentType := range map[string]string{
		"/":                 "text/html; charset=utf-8",
		"/app.js":           "text/javascript; charset=utf-8",
		"/client/orders.js": "text/javascript; charset=utf-8",
		"/style.css":        "text/css; charset=utf-8",
		"/icon.svg":         "image/svg+xml",
	} {
		r := s.get(t, path)
		require.Equal(t, http.StatusOK, r.status, path)
		require.Equal(t, contentType, r.header.Get("Content-Type"), path)
		require.Contains(t, r.header.Get("Content-Security-Policy"), "default-src 'none'", path)
		require.Equal(t, "nosniff", r.header.Get("X-Content-Type-Options"), path)
	}
	require.Equal(t, http.StatusNotFound, s.get(t, "/nothing").status)
}

func TestPageNamesOnlyFilesThatAreServed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	found := regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(s.get(t, "/").body, -1)
	require.NotEmpty(t, found)
	imported := regexp.MustCompile(`import .* from "([^"]*)"`).FindAllStringSubmatch(s.get(t, "/app.js").body, -1)
	require.NotEmpty(t, imported)
	for _, match := range append(found, imported...) {
		require.Equal(t, http.StatusOK, s.get(t, match[1]).status, match[1])
	}
}

func TestScriptNeverMakesMarkupOfText(t *testing.T) {
	t.Parallel()
	script := newShop(t).get(t, "/app.js").body
	require.NotRegexp(t, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`, script)
}
