package goclient

import "strings"

// comment is a text as a doc comment; nothing for no text.
func comment(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		switch {
		case line == "":
			b.WriteString("//\n")
		case strings.HasPrefix(line, "\t"):
			b.WriteString("//" + line + "\n")
		default:
			b.WriteString("// " + line + "\n")
		}
	}
	return b.String()
}

// documented is a doc text with the paragraph that says what is deprecated.
func documented(doc, deprecated string) string {
	if deprecated == "" || isDeprecated(doc) {
		return doc
	}
	return paragraphs(doc, wrap("Deprecated: "+deprecated))
}

// isDeprecated reports whether a text has the paragraph already.
func isDeprecated(doc string) bool {
	return strings.HasPrefix(doc, "Deprecated: ") || strings.Contains(doc, "\n\nDeprecated: ")
}

// paragraphs joins those of the texts that are not empty.
func paragraphs(texts ...string) string {
	var kept []string
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, "\n\n")
}

// beforeDeprecation adds a paragraph to a text, before the one that says what
// is deprecated, which stands last.
func beforeDeprecation(doc, text string) string {
	if !isDeprecated(doc) {
		return paragraphs(doc, text)
	}
	i := strings.LastIndex(doc, "Deprecated: ")
	return paragraphs(doc[:i], text, doc[i:])
}

// width is how long a line of a comment gets, without its slashes.
const width = 77

// wrap breaks a paragraph into lines.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case column == 0:
		case column+1+len(word) > width:
			b.WriteString("\n")
			column = 0
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
