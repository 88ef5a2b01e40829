package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/token"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cnerium/cnerium-go/generator"
)

// The types are what a SARIF 2.1.0 log needs of its format:
// docs.oasis-open.org/sarif/sarif/v2.1.0.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool               sarifTool                `json:"tool"`
	OriginalURIBaseIDs map[string]sarifLocation `json:"originalUriBaseIds"`
	ColumnKind         string                   `json:"columnKind"`
	Results            []sarifResult            `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string       `json:"id"`
	ShortDescription sarifMessage `json:"shortDescription"`
	FullDescription  sarifMessage `json:"fullDescription"`
	Help             sarifMessage `json:"help"`
}

type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifResult struct {
	RuleID              string              `json:"ruleId"`
	RuleIndex           int                 `json:"ruleIndex"`
	Level               string              `json:"level"`
	Message             sarifMessage        `json:"message"`
	Locations           []sarifPhysicalOnly `json:"locations"`
	PartialFingerprints map[string]string   `json:"partialFingerprints"`
}

type sarifPhysicalOnly struct {
	PhysicalLocation sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	ArtifactLocation sarifLocation `json:"artifactLocation"`
	Region           *sarifRegion  `json:"region,omitempty"`
}

type sarifLocation struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

const (
	sarifSchema   = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifRoot     = "%SRCROOT%"
	sarifIdentity = "cneriumFinding/v1" // changes when what is hashed does
	homepage      = "https://github.com/cnerium/cnerium-go"
)

// printSARIF prints findings as a SARIF log. Paths are relative to the root of
// the repository, as code scanning of GitHub wants them.
func (c *command) printSARIF(r *results) error {
	root := repositoryRoot(c.dir())
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name:           "cneriumgen",
			Version:        strings.Fields(generator.Version())[0],
			InformationURI: homepage,
			Rules:          sarifRules(r.findings),
		}},
		OriginalURIBaseIDs: map[string]sarifLocation{sarifRoot: {URI: fileURI(root) + "/"}},
		ColumnKind:         "unicodeCodePoints",
		Results:            []sarifResult{},
	}
	seen := make(map[string]int)
	for _, f := range r.findings {
		run.Results = append(run.Results, sarifResultOf(f, root, run.Tool.Driver.Rules, seen))
	}
	return c.encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifRules returns a rule for each category of the findings, by its name.
func sarifRules(findings []finding) []sarifRule {
	rules := []sarifRule{}
	for _, f := range findings {
		if slices.ContainsFunc(rules, func(r sarifRule) bool { return r.ID == f.Category }) {
			continue
		}
		e := generator.Explain(f.Category)
		if e == nil { // a category without an explanation is a fault of ours, and hides no finding
			e = &generator.Explanation{Category: f.Category, Summary: f.Category, Text: f.Category}
		}
		rules = append(rules, sarifRule{
			ID:               e.Category,
			ShortDescription: sarifMessage{Text: e.Summary},
			FullDescription:  sarifMessage{Text: e.Text},
			Help:             sarifMessage{Text: e.String(), Markdown: e.String()}, // its examples are indented, as Markdown has code
		})
	}
	slices.SortFunc(rules, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// sarifResultOf describes one finding. Its fingerprint has no line in it, so
// that it stays the same when code above it moves; seen counts those that are
// alike.
func sarifResultOf(f finding, root string, rules []sarifRule, seen map[string]int) sarifResult {
	location := sarifLocationOf(root, f.Pos.Filename)
	identity := strings.Join([]string{f.Category, location.URI, f.Message}, "\x00")
	seen[identity]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", identity, seen[identity]))
	text := f.Message
	if f.Hint != "" {
		text += "\n" + f.Hint
	}
	physical := sarifPhysical{ArtifactLocation: location}
	if f.Pos.Line > 0 {
		physical.Region = &sarifRegion{f.Pos.Line, runeColumn(f.Pos)}
	}
	return sarifResult{
		RuleID:              f.Category,
		RuleIndex:           slices.IndexFunc(rules, func(r sarifRule) bool { return r.ID == f.Category }),
		Level:               f.level(),
		Message:             sarifMessage{Text: text},
		Locations:           []sarifPhysicalOnly{{physical}},
		PartialFingerprints: map[string]string{sarifIdentity: hex.EncodeToString(sum[:16])},
	}
}

// sarifLocationOf returns the location of a file: relative to root when it is
// below it.
func sarifLocationOf(root, path string) sarifLocation {
	rel := relativeTo(root, path)
	if filepath.IsAbs(rel) {
		return sarifLocation{URI: fileURI(rel)}
	}
	return sarifLocation{(&url.URL{Path: filepath.ToSlash(rel)}).String(), sarifRoot}
}

// runeColumn returns the column of a position in code points, which a
// token.Position counts in bytes. It is 0, for none, when that is not known.
func runeColumn(pos token.Position) int {
	content, err := os.ReadFile(pos.Filename)
	if err != nil {
		return pos.Column
	}
	lines := bytes.SplitN(content, []byte("\n"), pos.Line+1)
	if pos.Line > len(lines) || pos.Column < 1 || pos.Column-1 > len(lines[pos.Line-1]) {
		return pos.Column
	}
	return 1 + utf8.RuneCount(lines[pos.Line-1][:pos.Column-1])
}

// fileURI returns the URI of an absolute path.
func fileURI(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive of Windows
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
