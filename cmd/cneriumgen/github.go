package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// printGitHub prints findings as workflow commands, which GitHub Actions turn
// into annotations of the files.
func (c *command) printGitHub(r *results) {
	root := repositoryRoot(c.dir())
	for _, f := range r.findings {
		kind := "error"
		if f.note {
			kind = "notice"
		}
		message := f.Message
		if f.Hint != "" {
			message += "\n" + f.Hint
		}
		fmt.Fprintf(&c.out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", kind,
			gitHubProperty.Replace(filepath.ToSlash(relativeTo(root, f.Pos.Filename))), f.Pos.Line, f.Pos.Column,
			gitHubProperty.Replace("cneriumgen "+f.Category), gitHubData.Replace(message))
	}
}

// What workflow commands cannot have as it is, in the text of a command and in
// its properties: the rules of escapeData and escapeProperty in
// github.com/actions/toolkit.
var (
	gitHubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	gitHubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// repositoryRoot returns the folder that GitHub takes paths to be relative to:
// the root of the repository that dir is in, or dir when it is in none.
func repositoryRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}
