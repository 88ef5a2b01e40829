package tsclient

import (
	"strings"
)

// paragraphs are the parts of a comment, without the empty ones.
func paragraphs(parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "\n\n")
}

// deprecation is the last part of the comment of something deprecated.
func deprecation(reason string) string {
	if reason == "" {
		return ""
	}
	return "@deprecated " + reason
}

// withoutDeprecation drops the paragraph of a Go comment that a tag stands for.
func withoutDeprecation(doc, reason string) string {
	if reason == "" {
		return doc
	}
	var kept []string
	for part := range strings.SplitSeq(doc, "\n\n") {
		if !strings.HasPrefix(part, "Deprecated: ") {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "\n\n")
}

// comment returns a doc comment with its line end; "" for no text.
func comment(indent, text string) string {
	if text == "" {
		return ""
	}
	text = strings.ReplaceAll(text, "*/", `*\/`)
	lines := strings.Split(text, "\n")
	if len(lines) == 1 {
		return indent + "/** " + text + " */\n"
	}
	var block strings.Builder
	block.WriteString(indent + "/**\n")
	for _, line := range lines {
		block.WriteString(strings.TrimRight(indent+" * "+line, " \t\r") + "\n")
	}
	return block.String() + indent + " */\n"
}

// documented is the comment of something that may be deprecated.
func documented(indent, doc, deprecated string) string {
	return comment(indent, paragraphs(withoutDeprecation(doc, deprecated), deprecation(deprecated)))
}
