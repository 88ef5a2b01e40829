package main

import (
	"encoding/json"
	"path/filepath"

	"github.com/cnerium/cnerium-go/generator"
)

// jsonResults is the one object that -format json prints.
type jsonResults struct {
	Findings []jsonFinding `json:"findings"`
	Files    []jsonFile    `json:"files"`
}

// jsonFinding is one finding. Paths have slashes, and are relative to the
// folder of the run when they are below it.
type jsonFinding struct {
	Category string `json:"category"`
	Level    string `json:"level"` // error or note
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"` // in bytes
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// jsonFile is one file that is not up to date, or was not before the run.
type jsonFile struct {
	File   string           `json:"file"`
	Status generator.Status `json:"status"`
}

// printJSON prints results as an object. Both members are always there.
func (c *command) printJSON(r *results) error {
	told := jsonResults{Findings: []jsonFinding{}, Files: []jsonFile{}}
	for _, f := range r.findings {
		told.Findings = append(told.Findings, jsonFinding{
			Category: f.Category,
			Level:    f.level(),
			File:     filepath.ToSlash(c.relative(f.Pos.Filename)),
			Line:     f.Pos.Line,
			Column:   f.Pos.Column,
			Message:  f.Message,
			Hint:     f.Hint,
		})
	}
	for _, f := range r.files {
		if f.Status != generator.UpToDate {
			told.Files = append(told.Files, jsonFile{filepath.ToSlash(c.relative(f.Path)), f.Status})
		}
	}
	return c.encode(told)
}

// level returns the level of a finding, by the name that JSON and SARIF have
// for it.
func (f finding) level() string {
	if f.note {
		return "note"
	}
	return "error"
}

// encode prints JSON.
func (c *command) encode(v any) error {
	encoder := json.NewEncoder(&c.out)
	encoder.SetIndent("", "\t")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
