package main

import (
	"encoding/json"
	"flag"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator"
)

// The schema is that of docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas.
var sarifSchemaFile = flag.String("sarif-schema", "", "validate against this `file`, the official schema of SARIF 2.1.0")

func TestSARIFHasRulesAndPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".git"), 0o755))
	file := filepath.Join(dir, "sub", "a.go")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte("package a\n\n//cnerium:durable POST /größe x\n"), 0o644))
	at := func(name string, line, column int) token.Position {
		return token.Position{Filename: name, Line: line, Column: column}
	}
	elsewhere := filepath.Join(filepath.Dir(dir), "else where.go")
	same := generator.Diagnostic{Pos: at(file, 3, 33), Category: "operation", Message: "operation x is a single word", Hint: "name more"}
	c := command{format: formatSARIF}
	c.options.Dir = filepath.Dir(file)
	require.NoError(t, c.print(&results{findings: []finding{
		{Diagnostic: same},
		{Diagnostic: same},
		{Diagnostic: generator.Diagnostic{Pos: at(elsewhere, 0, 0), Category: "method", Message: "m"}, note: true},
	}}))
	validateSARIF(t, c.out.Bytes())

	var log sarifLog
	require.NoError(t, json.Unmarshal(c.out.Bytes(), &log))
	require.Len(t, log.Runs, 1)
	run := log.Runs[0]
	require.Equal(t, "file://"+filepath.ToSlash(dir)+"/", run.OriginalURIBaseIDs[sarifRoot].URI)
	require.Len(t, run.Tool.Driver.Rules, 2)
	require.Len(t, run.Results, 3)
	for _, result := range run.Results {
		rule := run.Tool.Driver.Rules[result.RuleIndex]
		require.Equal(t, result.RuleID, rule.ID)
		require.Equal(t, generator.Explain(rule.ID).Summary, rule.ShortDescription.Text)
	}
	first := run.Results[0]
	require.Equal(t, "error", first.Level)
	require.Equal(t, "operation x is a single word\nname more", first.Message.Text)
	require.Equal(t, sarifLocation{URI: "sub/a.go", URIBaseID: sarifRoot}, first.Locations[0].PhysicalLocation.ArtifactLocation)
	// Two letters of the line have two bytes each.
	require.Equal(t, &sarifRegion{StartLine: 3, StartColumn: 31}, first.Locations[0].PhysicalLocation.Region)
	require.NotEqual(t, first.PartialFingerprints, run.Results[1].PartialFingerprints)
	last := run.Results[2]
	require.Equal(t, "note", last.Level)
	require.Equal(t, "file://"+filepath.ToSlash(filepath.Dir(dir))+"/else%20where.go", last.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	require.Nil(t, last.Locations[0].PhysicalLocation.Region)
}

// validateSARIF holds a log against the schema, if it is there.
func validateSARIF(t *testing.T, log []byte) {
	t.Helper()
	if *sarifSchemaFile == "" {
		return
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(*sarifSchemaFile)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(log, &value))
	require.NoError(t, schema.Validate(value))
}
