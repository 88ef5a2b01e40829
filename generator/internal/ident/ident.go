// Package ident makes identifiers of identifiers.
package ident

import (
	"unicode"
	"unicode/utf8"
)

// Exported returns an identifier as an exported one.
func Exported(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[size:]
}

// Unexported returns an identifier as an unexported one; initials at its
// beginning are lowered together: HTTPServer becomes httpServer.
func Unexported(name string) string {
	runes := []rune(name)
	for i, r := range runes {
		next := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if !unicode.IsUpper(r) || i > 0 && next {
			break
		}
		runes[i] = unicode.ToLower(r)
	}
	return string(runes)
}
