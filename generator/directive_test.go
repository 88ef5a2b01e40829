package generator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// parseSource parses the text of a file and returns its directives and
// diagnostics.
func parseSource(t *testing.T, text string) ([]directive, []Diagnostic) {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "a.go", text, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	found, diagnostics := parseDirectives(fset, tree)
	return found.routes, diagnostics
}

func TestDirectiveHasItsWordsAndTheirPlaces(t *testing.T) {
	t.Parallel()
	text := "package a\n\n// F does.\n//\n//cnerium:durable  POST\t/a/{id...} a.create status=201 wait=\nfunc F() {}\n"
	directives, diagnostics := parseSource(t, text)
	require.Empty(t, diagnostics)
	require.Len(t, directives, 1)
	d := directives[0]
	require.Equal(t, "F", d.decl.Name.Name)
	require.Equal(t, []option{
		{word{"status", d.options[0].name.pos}, word{"201", d.options[0].value.pos}},
		{word{"wait", d.options[1].name.pos}, word{"", d.options[1].value.pos}},
	}, d.options)
	require.Equal(t, strings.Index(text, "//cnerium")+1, int(d.pos))
	for _, w := range []word{d.method, d.pattern, d.operation, d.options[0].name, d.options[0].value} {
		require.Equal(t, strings.Index(text, w.text)+1, int(w.pos), w.text)
	}
	require.Equal(t, strings.Index(text, "\nfunc")+1, int(d.options[1].value.pos), "an empty value stands behind its =")
}

func TestDirectiveGoesToTheMethodItStandsOn(t *testing.T) {
	t.Parallel()
	directives, diagnostics := parseSource(t, `package a

type S struct{}

//cnerium:durable POST /a a.create
func (*S) F() {}

//cnerium:durable PUT example.com/b=c a.replace
func F() {}
`)
	require.Empty(t, diagnostics)
	require.Len(t, directives, 2)
	require.NotNil(t, directives[0].decl.Recv)
	require.Nil(t, directives[1].decl.Recv)
	require.Equal(t, "example.com/b=c", directives[1].pattern.text)
}

// wrongDirective is a file with one fault.
type wrongDirective struct {
	text     string // the first line is line 3 of the file
	place    string // line:column
	category string
	message  string
	hint     string
}

// requireFaults parses each file and compares its only diagnostic.
func requireFaults(t *testing.T, tests map[string]wrongDirective) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diagnostics := parseSource(t, "package a\n\n"+test.text+"\n")
			require.Len(t, diagnostics, 1)
			d := diagnostics[0]
			require.Equal(t, "a.go:"+test.place, d.Pos.String())
			require.Equal(t, []string{test.category, test.message, test.hint}, []string{d.Category, d.Message, d.Hint})
		})
	}
}

func TestDirectiveWithoutTheRightWordsHasADiagnosticAtItsPlace(t *testing.T) {
	t.Parallel()
	requireFaults(t, map[string]wrongDirective{
		"no words": {
			"//cnerium:durable\nfunc F() {}",
			"3:1", CategoryDirective, "the method, pattern and operation are missing", "the form is " + directiveForm,
		},
		"method only": {
			"//cnerium:durable POST\nfunc F() {}",
			"3:1", CategoryDirective, "the pattern and operation are missing", "the form is " + directiveForm,
		},
		"pattern only": {
			"//cnerium:durable /a\nfunc F() {}",
			"3:1", CategoryDirective, "the method and operation are missing", "the form is " + directiveForm,
		},
		"no operation": {
			"//cnerium:durable POST /a status=201\nfunc F() {}",
			"3:1", CategoryDirective, "the operation is missing", "the form is " + directiveForm,
		},
		"no method": {
			"//cnerium:durable /a a.create\nfunc F() {}",
			"3:1", CategoryDirective, "the method is missing", "the form is " + directiveForm,
		},
		"no pattern": {
			"//cnerium:durable POST a.create\nfunc F() {}",
			"3:1", CategoryDirective, "the pattern is missing", "the form is " + directiveForm,
		},
		"option without a value": {
			"//cnerium:durable POST /a a.create status=201 retention\nfunc F() {}",
			"3:47", CategoryDirective, `"retention" is left over after the operation`, "options are written name=value, without spaces",
		},
		"left-over word": {
			"//cnerium:durable POST /a a.create // creates\nfunc F() {}",
			"3:36", CategoryDirective, `"//" is left over after the operation`, "options are written name=value, without spaces",
		},
	})
}

func TestWhatIsMeantAsADirectiveHasADiagnosticAtItsPlace(t *testing.T) {
	t.Parallel()
	requireFaults(t, map[string]wrongDirective{
		"misspelt": {
			"//cnerium:durabel POST /a a.create\nfunc F() {}",
			"3:11", CategoryDirectiveWord, "unknown directive //cnerium:durabel", "did you mean //cnerium:durable?",
		},
		"in upper case": {
			"//cnerium:Durable POST /a a.create\nfunc F() {}",
			"3:11", CategoryDirectiveWord, "unknown directive //cnerium:Durable", "did you mean //cnerium:durable?",
		},
		"another word": {
			"//cnerium:x\nvar x int",
			"3:11", CategoryDirectiveWord, "unknown directive //cnerium:x", "there are //cnerium:durable, //cnerium:package, //cnerium:event",
		},
		"space after the colon": {
			"//cnerium: durable POST /a a.create\nfunc F() {}",
			"3:11", CategoryDirectiveWord, "no word follows //cnerium:", "there are //cnerium:durable, //cnerium:package, //cnerium:event",
		},
		"space after the slashes": {
			"// F does.\n// cnerium:durable POST /a a.create\nfunc F() {}",
			"4:1", CategoryDirectiveSpace, "a space after // makes this an ordinary comment", "remove the space: //cnerium:durable",
		},
	})
}

func TestDirectiveWithoutEffectHasADiagnosticAtItsPlace(t *testing.T) {
	t.Parallel()
	requireFaults(t, map[string]wrongDirective{
		"on a type": {
			"//cnerium:durable POST /a a.create\ntype T struct{}",
			"3:1", CategoryDirectivePlace, "directive has no effect: it stands on a type declaration", ownFunction,
		},
		"on a variable with a function": {
			"//cnerium:durable POST /a a.create\nvar f = func() {}",
			"3:1", CategoryDirectivePlace, "directive has no effect: it stands on a variable declaration", ownFunction,
		},
		"on a constant": {
			"//cnerium:durable POST /a a.create\nconst c = 1",
			"3:1", CategoryDirectivePlace, "directive has no effect: it stands on a constant declaration", ownFunction,
		},
		"on an import": {
			"//cnerium:durable POST /a a.create\nimport \"time\"",
			"3:1", CategoryDirectivePlace, "directive has no effect: it stands on an import declaration", ownFunction,
		},
		"on a method of an interface": {
			"type T interface {\n\t//cnerium:durable POST /a a.create\n\tF()\n}",
			"4:2", CategoryDirectivePlace, "directive has no effect: it stands inside a type declaration", ownFunction,
		},
		"in a body": {
			"func F() {\n\t//cnerium:durable POST /a a.create\n}",
			"4:2", CategoryDirectivePlace, "directive has no effect: it stands inside the body of F", ownFunction,
		},
		"in a signature": {
			"func F(\n\t//cnerium:durable POST /a a.create\n) {\n}",
			"4:2", CategoryDirectivePlace, "directive has no effect: it stands inside the declaration of F", ownFunction,
		},
		"behind a function": {
			"func F() {} //cnerium:durable POST /a a.create\n\nfunc G() {}",
			"3:13", CategoryDirectivePlace, "directive has no effect: it stands behind the declaration of F", ownFunction,
		},
		"above a blank line": {
			"//cnerium:durable POST /a a.create\n\nfunc F() {}",
			"3:1", CategoryDirectivePlace, "directive has no effect: a blank line cuts it off from F", "remove the blank line",
		},
		"above a blank line and a comment": {
			"//cnerium:durable POST /a a.create\n\n// F does.\nfunc F() {}",
			"3:1", CategoryDirectivePlace, "directive has no effect: a blank line cuts it off from F", "remove the blank line",
		},
		"above a blank line and a type": {
			"//cnerium:durable POST /a a.create\n\ntype T struct{}",
			"3:1", CategoryDirectivePlace, "directive has no effect: it stands on no function", ownFunction,
		},
		"at the end": {
			"func F() {}\n\n//cnerium:durable POST /a a.create",
			"5:1", CategoryDirectivePlace, "directive has no effect: it stands on no function", ownFunction,
		},
		"twice": {
			"//cnerium:durable POST /a a.create\n//cnerium:durable PUT /a a.replace\nfunc F() {}",
			"4:1", CategoryDirectiveTwice, "F already has the directive of line 3", "one function is one route: give the other route a function of its own",
		},
	})
}

func TestDirectiveAboveThePackageClauseHasADiagnostic(t *testing.T) {
	t.Parallel()
	_, diagnostics := parseSource(t, "//cnerium:durable POST /a a.create\npackage a\n")
	require.Len(t, diagnostics, 1)
	require.Equal(t, "directive has no effect: it stands above the package clause", diagnostics[0].Message)
}

func TestDirectiveInALineThatClaimsAnotherPlaceKeepsItsOwn(t *testing.T) {
	t.Parallel()
	_, diagnostics := parseSource(t, "package a\n\n//line template.x:100\n//cnerium:x\n")
	require.Len(t, diagnostics, 1)
	require.Equal(t, "a.go:4:11", diagnostics[0].Pos.String())
}

func TestProseAboutDirectivesIsNoDirective(t *testing.T) {
	t.Parallel()
	directives, diagnostics := parseSource(t, `package a

// cnerium: a word.
//
//	//cnerium:durable POST /a a.create
//
// Write cnerium:durable, or "//cnerium:durable".
/* cnerium:durable */
const c = "//cnerium:durable POST /a a.create"
`)
	require.Empty(t, directives)
	require.Empty(t, diagnostics)
}

func TestDirectiveTakesWindowsLines(t *testing.T) {
	t.Parallel()
	directives, diagnostics := parseSource(t, "package a\r\n\r\n//cnerium:durable POST /a a.create\r\nfunc F() {}\r\n")
	require.Empty(t, diagnostics)
	require.Equal(t, "a.create", directives[0].operation.text)
}

func FuzzDirective(f *testing.F) {
	f.Add("cnerium:durable POST /orders orders.create status=201")
	f.Add("cnerium:durable POST /orders")
	f.Add(" cnerium:durable\tPUT /a b wait")
	f.Add("cnerium:durable POST /=a a.b =x y=")
	f.Add("cnerium:Durabel\u00a0x")
	f.Add("go:generate x")
	f.Add("cnerium:event order.created")
	f.Add("cnerium:event order.created x")
	f.Add("cnerium:package openapi=a.yaml client= x")
	f.Add(" Cnerium: package ts=web")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\r\n") {
			return
		}
		comment := &ast.Comment{Slash: 1, Text: "//" + text}
		end := token.Pos(1 + len(comment.Text))
		name, all, found := parseDirective(comment)
		var words []word
		var options []option
		switch name {
		case directiveName:
			d := directive{pos: comment.Pos()}
			found = d.read(all)
			words, options = []word{d.method, d.pattern, d.operation}, d.options
		case eventName:
			d := eventDirective{pos: comment.Pos()}
			found = d.read(all)
			words = []word{d.name}
		case targetName:
			d := targetDirective{pos: comment.Pos()}
			found = d.read(all)
			options = d.options
		}
		if found != nil {
			require.True(t, found.pos >= 1 && found.pos <= end, "position %d of %d", found.pos, end)
			require.NotContains(t, found.message, "\n")
			require.NotEmpty(t, found.category)
			return
		}
		for _, o := range options {
			words = append(words, o.name)
			require.Equal(t, o.name.pos+token.Pos(len(o.name.text)+1), o.value.pos)
		}
		for _, w := range words {
			require.NotEmpty(t, w.text)
			require.Empty(t, strings.Fields(w.text)[1:])
			require.True(t, strings.HasPrefix(comment.Text[w.pos-1:], w.text), "%q is not at its place", w.text)
		}
	})
}
