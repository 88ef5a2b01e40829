package generator

import (
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// names knows which identifiers are taken in a scope and in those around it.
type names struct {
	taken map[string]bool
	outer *names // nil for the outermost
}

// newNames returns a scope in which the given identifiers are taken, beside
// the keywords and Go's predeclared ones.
func newNames(taken []string) *names {
	n := &names{taken: make(map[string]bool, len(taken))}
	for _, name := range taken {
		n.taken[name] = true
	}
	return n
}

// inner returns a scope inside of n, such as that of a function.
func (n *names) inner() *names {
	return &names{taken: make(map[string]bool), outer: n}
}

// isTaken reports whether an identifier would hide something or collide.
func (n *names) isTaken(name string) bool {
	for scope := n; scope != nil; scope = scope.outer {
		if scope.taken[name] {
			return true
		}
	}
	return name == "_" || token.IsKeyword(name) || types.Universe.Lookup(name) != nil
}

// take returns the wanted identifier, with a number appended when it is not
// free, and takes it.
func (n *names) take(want string) string {
	name := want
	for i := 2; n.isTaken(name); i++ {
		name = want + strconv.Itoa(i)
	}
	n.taken[name] = true
	return name
}

// isHeaderName reports whether a text is a token, as RFC 9110 wants the names
// of header fields.
func isHeaderName(name string) bool {
	for _, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r) {
			return false
		}
	}
	return name != ""
}
