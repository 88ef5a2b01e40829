package main

import (
	"path/filepath"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/cnerium/cnerium-go/generator/vet"
)

// isVetTool reports whether the go command runs this program as its vet tool:
// it asks for the version in full, by which it knows what it has kept of an
// earlier run, for the flags in JSON, and then for one package at a time, by the
// path of a file vet.cfg behind the flags.
func isVetTool(args []string) bool {
	if len(args) == 0 {
		return false
	}
	asks := len(args) == 1 && (args[0] == "-V=full" || args[0] == "-flags")
	return asks || filepath.Base(args[len(args)-1]) == "vet.cfg"
}

// vetTool is the vet tool. It does not return.
func vetTool() { unitchecker.Main(vet.Analyzers...) }
