package generator

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cnerium/cnerium-go/generator/internal/ident"
)

// tag is what a struct tag says to cnerium and to encoding/json.
type tag struct {
	places    []placeTag
	json      string // its name; "" when it has none
	notInJSON bool   // json:"-"
	malformed bool   // not of the form key:"value"
}

// placeTag is a path, query or header tag.
type placeTag struct {
	place Place
	key   string
	name  string
}

// parseTag reads a struct tag. Of a malformed one it reads what reflect would.
func parseTag(text string) tag {
	var t tag
	for {
		text = strings.TrimLeft(text, " ")
		if text == "" {
			return t
		}
		key, rest, ok := strings.Cut(text, ":")
		value, rest, quoted := cutQuoted(rest)
		if !ok || !quoted || !isTagKey(key) {
			t.malformed = true
			return t
		}
		t.read(key, value)
		text = rest
	}
}

// cutQuoted returns what stands in the double quotes that a text begins with,
// and what stands behind them.
func cutQuoted(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", text, false
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return text[1:i], text[i+1:], true
		case c == '\\', c < ' ', c >= utf8.RuneSelf: // not what it looks like
			quoted, err := strconv.QuotedPrefix(text)
			if err == nil {
				value, err = strconv.Unquote(quoted)
			}
			return value, text[len(quoted):], err == nil
		}
	}
	return "", text, false
}

// isTagKey reports whether reflect would take the key.
func isTagKey(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == '"' || r == 0x7f })
}

func (t *tag) read(key, value string) {
	if key == "json" {
		name, _, _ := strings.Cut(value, ",")
		t.json, t.notInJSON = name, value == "-"
		if t.notInJSON {
			t.json = ""
		}
		return
	}
	for _, place := range []Place{PlacePath, PlaceQuery, PlaceHeader} {
		if key == place.String() {
			t.places = append(t.places, placeTag{place, key, value})
		}
	}
}

// fault says what is wrong with the places of a field, and how to mend it.
func (t *tag) fault(fieldName string) (message, hint string) {
	at := t.places[0]
	has := fmt.Sprintf("field %s has the tag %s:%q", fieldName, at.key, at.name)
	switch {
	case len(t.places) > 1:
		message := fmt.Sprintf("field %s has the tags %s and %s, but comes from one place", fieldName, at.key, t.places[1].key)
		return message, "keep one of them"
	case at.name == "":
		return has + ", which names nothing", fmt.Sprintf("write %s:%q", at.key, ident.Unexported(fieldName))
	case strings.Contains(at.name, ","):
		name, _, _ := strings.Cut(at.name, ",")
		return has + ", but such a tag has no options", fmt.Sprintf("write %s:%q", at.key, name)
	case at.name == "-":
		return has + ", which does not leave it out", "remove the tag"
	case at.place == PlaceHeader && !isHeaderName(at.name):
		return has + ", which is no name of a header field", "use letters, digits and hyphens, such as X-Source"
	case at.place == PlaceHeader && strings.EqualFold(at.name, "Host"):
		return has + ", but net/http does not keep Host among the header fields", "take a *cnerium.Request and read its Host"
	}
	return "", ""
}

// checkMalformed reports a tag in the module's own source that is not of the
// form key:"value". It returns whether it did.
func (b *handlerBuilder) checkMalformed(f *types.Var, text string) bool {
	if !parseTag(text).malformed || !b.isOwn(f) {
		return false
	}
	message := fmt.Sprintf("the tag of field %s is malformed: %s", f.Name(), text)
	b.add(f.Pos(), CategoryTag, message, `write key:"value" pairs with a space between them`)
	return true
}
