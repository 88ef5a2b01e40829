package openapi

import (
	"go/doc"
	"strconv"
	"strings"
	"time"
)

// description returns what a doc comment says as a text that stands well in a
// block of YAML.
func description(text, deprecated string) string {
	text = tidy(text)
	if deprecated == "" {
		return text
	}
	return strings.TrimPrefix(text+"\n\nDeprecated: "+tidy(deprecated), "\n\n")
}

// tidy takes away what a block of YAML cannot have: blanks at the ends of
// lines, and tabs.
func tidy(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), " \r")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// synopsis returns the first sentence of a doc comment, and all of it when it
// says more.
func synopsis(text, deprecated string) (summary, whole string) {
	whole = description(text, deprecated)
	summary = new(doc.Package).Synopsis(text)
	if summary == strings.Join(strings.Fields(whole), " ") {
		whole = ""
	}
	return summary, whole
}

// duration returns a duration as a directive has it: 24h, 1h30m, 5s.
func duration(d time.Duration) string {
	text := max(d, 0).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// status returns an HTTP status as a document names it.
func status(code int) string { return strconv.Itoa(code) }
