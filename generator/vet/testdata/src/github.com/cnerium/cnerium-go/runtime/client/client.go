// Package client stands for the library under generated clients.
package client

import "net/http"

type Call struct {
	Key    string
	Header http.Header
	Retry  *int
}

func NewKey() string { return "" }
