package generator

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/txtar"
)

// CategoryStale is the category of a file that Check finds missing, stale or
// left over, where such files stand beside diagnostics.
const CategoryStale = "stale"

// Explanation tells about a category of findings: of diagnostics, of what
// check finds, of breaking changes, or of what go vet finds. It may not be
// changed.
type Explanation struct {
	Category string
	Summary  string          // one line, without a full stop
	Text     string          // paragraphs with a blank line between them: what it means, and why the rule is there
	Before   []ExplainedFile // of changes: what there was
	Bad      []ExplainedFile // what is found wanting; empty when no file shows it
	Good     []ExplainedFile // and mended
}

// ExplainedFile is a file of an example.
type ExplainedFile struct {
	Name    string // with slashes
	Content string
}

// explanationFiles has one file for each category, named after it. Its first
// line is the summary, and the text follows; the files of the example lie in
// the folders before, bad and good.
//
//go:embed explain/*.txtar
var explanationFiles embed.FS

// Explanations returns what there is to tell of all categories, in the order of
// their names. It is safe for concurrent use.
func Explanations() []*Explanation { return readExplanations() }

var readExplanations = sync.OnceValue(func() []*Explanation {
	names, err := explanationFiles.ReadDir("explain")
	if err != nil {
		panic(err) // the files are part of the program
	}
	all := make([]*Explanation, 0, len(names))
	for _, entry := range names {
		content, err := explanationFiles.ReadFile(path.Join("explain", entry.Name()))
		if err != nil {
			panic(err)
		}
		all = append(all, parseExplanation(strings.TrimSuffix(entry.Name(), ".txtar"), content))
	}
	slices.SortFunc(all, func(a, b *Explanation) int { return strings.Compare(a.Category, b.Category) })
	return all
})

// Explain returns what there is to tell of a category; nil for one that does
// not exist.
func Explain(category string) *Explanation {
	for _, e := range Explanations() {
		if e.Category == category {
			return e
		}
	}
	return nil
}

// parseExplanation reads the file of a category.
func parseExplanation(category string, content []byte) *Explanation {
	archive := txtar.Parse(content)
	summary, text, _ := bytes.Cut(archive.Comment, []byte("\n"))
	e := &Explanation{Category: category, Summary: string(summary), Text: strings.TrimSpace(string(text))}
	for _, f := range archive.Files {
		folder, name, _ := strings.Cut(f.Name, "/")
		file := ExplainedFile{name, string(f.Data)}
		switch folder {
		case "before":
			e.Before = append(e.Before, file)
		case "bad":
			e.Bad = append(e.Bad, file)
		case "good":
			e.Good = append(e.Good, file)
		default:
			panic(fmt.Sprintf("explanation of %s: file %s is in none of its folders", category, f.Name))
		}
	}
	return e
}

// String returns the explanation as explain prints it, with a line feed at its
// end.
func (e *Explanation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n\n%s\n", e.Category, e.Summary, e.Text)
	for _, part := range []struct {
		title string
		files []ExplainedFile
	}{{"Before", e.Before}, {"Bad", e.Bad}, {"Good", e.Good}} {
		for _, f := range part.files {
			fmt.Fprintf(&text, "\n%s, %s:\n\n", part.title, f.Name)
			for line := range strings.Lines(strings.TrimSpace(f.Content)) {
				if strings.TrimSpace(line) != "" {
					text.WriteByte('\t')
				}
				text.WriteString(line)
			}
			text.WriteByte('\n')
		}
	}
	return text.String()
}

// Nearest returns the one of names that word was probably meant to be, or ""
// when none is near. Of equally near ones the first is returned.
func Nearest(word string, names []string) string { return nearest(word, names) }
