// Package faultproxy is a TCP proxy for tests that does to HTTP requests what
// networks do: it loses them or their answers, cuts connections in the middle,
// is slow, and delivers requests twice.
//
//	proxy := faultproxy.New(t, server.URL, faultproxy.Random(1, 0.4))
//	c, err := client.New(proxy.URL(), nil)
//
// It passes on the very bytes that it gets, and reads HTTP/1.1 only to know
// where a request and its answer end. Requests that do not write (GET and the
// like) pass through undisturbed, as do streams and WebSockets.
package faultproxy
