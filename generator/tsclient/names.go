package tsclient

import (
	"strconv"
	"strings"
	"unicode"
)

// names are those that are taken in some place.
type names map[string]bool

func newNames(taken ...string) names {
	n := make(names, len(taken))
	for _, name := range taken {
		n[name] = true
	}
	return n
}

// alone returns the name, or when it is taken the name with the suffix, or with
// a number after that, and takes it.
func (n names) alone(name, suffix string) string {
	free := name
	if n[free] {
		name += suffix
		free = name
	}
	for i := 2; n[free]; i++ {
		free = name + strconv.Itoa(i)
	}
	n[free] = true
	return free
}

// words splits a text at everything that cannot stand in a Go name.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// upperCamel joins the words of a text: OrdersPayments for "orders, payments".
func upperCamel(text string) string {
	var name strings.Builder
	for _, word := range words(text) {
		first, rest := cutFirst(word)
		name.WriteString(string(unicode.ToUpper(first)) + rest)
	}
	if first, _ := cutFirst(name.String()); !unicode.IsLetter(first) {
		return "Api" + name.String()
	}
	return name.String()
}

func cutFirst(word string) (rune, string) {
	for i, r := range word {
		return r, word[i+len(string(r)):]
	}
	return 0, ""
}

// isIdentifier reports whether a text can be a property without quotes. Other
// letters than those of ASCII could be one, too; they are quoted, which is
// never wrong.
func isIdentifier(text string) bool {
	for i, r := range text {
		letter := r == '_' || r == '$' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}

// property returns a name as it stands before a colon.
func property(name string) string {
	switch {
	case name == "__proto__":
		return "[" + quote(name) + "]" // without the brackets it would be the prototype
	case isIdentifier(name):
		return name
	}
	return quote(name)
}

// member returns how a property is read.
func member(object, name string) string {
	if isIdentifier(name) {
		return object + "." + name
	}
	return object + "[" + quote(name) + "]"
}

// quote returns a text as a string literal.
func quote(text string) string {
	var literal strings.Builder
	literal.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			literal.WriteString(`\` + string(r))
		case r == '\n':
			literal.WriteString(`\n`)
		case r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029:
			literal.WriteString(`\u` + strconv.FormatInt(0x10000+int64(r), 16)[1:])
		default:
			literal.WriteRune(r)
		}
	}
	return literal.String() + `"`
}

// reserved are words that cannot name a function or a parameter in a module,
// and those that would hide what the functions use.
var reserved = []string{
	"arguments", "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default",
	"delete", "do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if",
	"implements", "import", "in", "instanceof", "interface", "let", "new", "null", "package", "private", "protected",
	"public", "return", "static", "super", "switch", "this", "throw", "true", "try", "typeof", "undefined", "var",
	"void", "while", "with", "yield", "call", "cnerium", "events", "input",
}

// reservedTypes are global types that the module uses.
var reservedTypes = []string{"Partial", "Promise", "Record"}

// reservedMethods mean something else on an object, or on the class that the
// client extends.
var reservedMethods = []string{
	"attempt", "baseUrl", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "send", "subscribe", "then", "toJSON",
	"toLocaleString", "toString", "valueOf", "__proto__",
}
