package generator

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"
)

func TestBodiesBecomeBlanks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"package a\n\nfunc F() { return }\n":                                       "package a\n\nfunc F() {        }\n",
		"package a\nfunc F() {\n\tg(\"}\", '}', `}`) // }\n}\nvar x = 1\n":         "package a\nfunc F() {\n                      \n}\nvar x = 1\n",
		"package a\nfunc F(x struct{ A int }) interface{ B() } { x() }":            "package a\nfunc F(x struct{ A int }) interface{ B() } {     }",
		"package a\nfunc F[T any](f func() [1]T) map[string]struct{} {\n/* } */ }": "package a\nfunc F[T any](f func() [1]T) map[string]struct{} {\n        }",
		"package a\nfunc f() // in assembly\nfunc g() {x}\n":                       "package a\nfunc f() // in assembly\nfunc g() { }\n",
		"func F() {\n\t//cnerium:durable\n}\n":                                     "func F() {\n\t//cnerium:durable\n}\n",
		"var f = func() { g() }\n":                                                 "var f = func() { g() }\n",
		"func F() { '\n":                                                           "func F() { '\n",
		"func F() { /* \n":                                                         "func F() { /* \n",
		"func F() {\n":                                                             "func F() {\n",
		"func F() {x}\n}\n":                                                        "func F() {x}\n}\n",
		"/*\nfunc F() {x}\n*/\nconst c = `\nfunc F() {x}\n`\n":                     "/*\nfunc F() {x}\n*/\nconst c = `\nfunc F() {x}\n`\n",
		"func ": "func ",
		"":      "",
	} {
		require.Equal(t, want, string(withoutBodies([]byte(text), nil)))
	}
}

// TestNothingButBodiesIsLost holds the declarations of a part of the standard
// library against what they are without their bodies.
func TestNothingButBodiesIsLost(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "it reads one file after the other")
	command, err := goCommand()
	require.NoError(t, err)
	for _, folder := range []string{"go/types", "net/http", "encoding/json", "text/template/parse", "time"} {
		paths, err := filepath.Glob(filepath.Join(command.root, "src", filepath.FromSlash(folder), "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		before, after := 0, 0
		for _, path := range paths {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, outlineOf(t, content), outlineOf(t, withoutBodies(content, nil)), path)
			before += len(bytes.Fields(content))
			after += len(bytes.Fields(withoutBodies(content, nil)))
		}
		require.Less(t, after, before*3/4, "%s has no bodies", folder)
	}
}

// FuzzWithoutBodies looks for a file that parses, and does not any more, or
// has other declarations, without its bodies.
func FuzzWithoutBodies(f *testing.F) {
	f.Add("package a\n\nfunc F(x struct{}) interface{} { return `}` }\n\nvar s = '\\''\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, '\r') {
			return // the scanner drops some of them
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution); err == nil {
			require.Equal(t, outlineOf(t, []byte(text)), outlineOf(t, withoutBodies([]byte(text), nil)))
		}
	})
}

// outlineOf returns the declarations of a file with their places, and with
// empty bodies.
func outlineOf(t *testing.T, content []byte) []string {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "", content, parser.SkipObjectResolution)
	require.NoError(t, err)
	var lines []string
	for _, decl := range tree.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
			f.Body.List = nil
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if n != nil {
				lines = append(lines, fset.Position(n.Pos()).String()+" "+fset.Position(n.End()).String())
			}
			return true
		})
	}
	return slices.Clip(lines)
}
