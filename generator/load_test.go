package generator

import (
	"go/types"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkModule runs Check over all packages of a module.
func checkModule(t *testing.T, files map[string]string) (string, *Report) {
	t.Helper()
	dir := newModule(t, files)
	report, err := Check(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	return dir, report
}

// creator returns a file of package a whose handler takes an input.
func creator(imports, input string) string {
	return "package a\n\nimport (\n\t\"context\"\n" + imports + ")\n\n" +
		"//cnerium:durable POST /a a.create\nfunc Create(ctx context.Context, in " + input + ") error { return nil }\n"
}

func TestLoadFollowsOwnPackagesFromSource(t *testing.T) {
	t.Parallel()
	_, report := checkModule(t, map[string]string{
		"a/a.go": creator("\t\"example.com/shop/b\"\n", "b.Input"),
		"b/b.go": "package b\n\nimport \"example.com/shop/c\"\n\ntype Input = c.Input\n\nfunc f() { does not compile }\n",
		"c/c.go": "package c\n\nimport \"time\"\n\ntype Input struct{ At time.Time }\n",
	})
	require.Empty(t, report.Diagnostics)
	require.Contains(t, string(report.Files[0].New), "var in b.Input\n", "the alias is kept as it was written")
}

func TestLoadReportsTypeErrorsThatAHandlerReaches(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"in another package": {
			map[string]string{
				"a/a.go": creator("\t\"example.com/shop/b\"\n", "b.Input"),
				"b/b.go": "package b\n\ntype Input struct{ N Gone }\n",
			},
			[]string{"b/b.go:3:22: undefined: Gone [type]"},
		},
		"of no concern": {
			map[string]string{
				"a/a.go": creator("\t\"example.com/shop/b\"\n", "b.Input"),
				"b/b.go": "package b\n\ntype Input struct{ N int }\n\ntype Other struct{ N Gone }\n\nvar x int = \"\"\n",
			},
			nil,
		},
		"import that is not found": {
			map[string]string{"a/a.go": creator("\t\"example.com/gone\"\n", "gone.Input")},
			[]string{"a/a.go:5:2: could not import example.com/gone (no required module provides package example.com/gone; to add it: go get example.com/gone) [type]"},
		},
		"in a module that stands in for another": {
			map[string]string{
				"go.mod":     "module example.com/shop\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n",
				"lib/go.mod": "module example.com/lib\n\ngo 1.26\n",
				"lib/lib.go": "package lib\n\ntype Input struct{ N Gone }\n",
				"a/a.go":     creator("\t\"example.com/lib\"\n", "lib.Input"),
			},
			[]string{"lib/lib.go:3:22: undefined: Gone [type]"},
		},
		"syntax error in the type": {
			map[string]string{
				"a/a.go": creator("\t\"example.com/shop/b\"\n", "b.Input"),
				"b/b.go": "package b\n\ntype Input struct{ N 5 }\n",
			},
			[]string{"b/b.go:3:22: expected type, found 5 [type]"},
		},
		"a language that is too old": {
			map[string]string{
				"go.mod": "module example.com/shop\n\ngo 1.17\n",
				"a/a.go": creator("", "Input[int]") + "\ntype Input[T any] struct{ N T }\n",
			},
			[]string{"a/a.go:8:42: type instantiation requires go1.18 or later [type]", "a/a.go:10:12: type parameter requires go1.18 or later [type]", "a/a.go:10:14: predeclared any requires go1.18 or later [type]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, report := checkModule(t, test.files)
			require.Equal(t, test.want, printed(dir, report.Diagnostics))
		})
	}
}

func TestLoadSurvivesAnImportCycle(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"a/a.go": creator("\t\"example.com/shop/b\"\n", "Input") + "\ntype Input struct{ N int }\n\nvar _ b.B\n",
		"b/b.go": "package b\n\nimport \"example.com/shop/a\"\n\ntype B struct{ a.Input }\n",
	}
	_, report := checkModule(t, files)
	require.Empty(t, report.Diagnostics, "the compiler says it")
	require.Len(t, report.Files, 1)
}

func TestLoadChecksEachPackageOnce(t *testing.T) {
	t.Parallel()
	input := map[string]string{"shared/shared.go": "package shared\n\ntype ID string\n"}
	one := maps.Clone(input)
	for _, name := range []string{"a", "b"} {
		one[name+"/x.go"] = "package " + name + "\n\nimport (\n\t\"context\"\n\n\t\"example.com/shop/shared\"\n)\n\n" +
			"//cnerium:durable POST /" + name + "/{id} " + name + ".create\nfunc Create(ctx context.Context, id shared.ID) error { return nil }\n"
	}
	dir := newModule(t, one)
	listed, err := list(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	r := newRun(Options{}, newDisk(), listed)
	require.NoError(t, r.analyse(listed))
	require.Empty(t, r.diagnostics)
	require.Len(t, r.packages, 2)
	first, second := r.packages[0].Routes[0].Handler.Params[0].Type, r.packages[1].Routes[0].Handler.Params[0].Type
	require.True(t, types.Identical(first, second))
}

func TestLoadRefusesAModuleForANewerGo(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "local")
	dir := newModule(t, map[string]string{
		"go.mod": "module example.com/shop\n\ngo 1.999\n",
		"a.go":   handler("shop", "/shop", "shop.create"),
	})
	_, err := Check(t.Context(), Options{Dir: dir})
	require.ErrorContains(t, err, "requires go >= 1.999")
}

// TestLoadFollowsWhateverADeclarationNames has a handler whose input leads over
// all kinds of declarations.
func TestLoadFollowsWhateverADeclarationNames(t *testing.T) {
	t.Parallel()
	dir, report := checkModule(t, map[string]string{
		"a/a.go": creator("\t. \"example.com/shop/b\"\n", "Page[ID]") +
			"\ntype Service struct{ client Gone }\n\n" +
			"//cnerium:durable POST /c/{id}/{n} a.add\nfunc (s *Service) Add(ctx context.Context, id ID, n Short) error { return nil }\n",
		"b/b.go": "package b\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n\n\tc \"example.com/shop/c\"\n)\n\n" +
			"type Page[T fmt.Stringer] struct {\n\tItems [size]T\n\tc.Base\n\tkind\n\tclient *http.Client\n}\n\n" +
			"const (\n\tone = iota + 1\n\tsize = one + len(names)\n)\n\nvar names = [...]string{\"a\", c.Name()}\n\n" +
			"type (\n\tID = c.ID\n\tShort uint8\n\tkind struct{ Kind c.Kind[ID, int] }\n)\n",
		"c/c.go": "package c\n\nimport \"time\"\n\ntype ID string\n\nfunc (ID) String() string { return \"\" }\n\n" +
			"type Base struct{ At time.Time `query:\"at\"` }\n\nfunc (*Base) Validate() error { return nil }\n\n" +
			"type Kind[A comparable, B ~int | ~string] map[A]*B\n\nfunc Name() string { return \"\" }\n\nfunc init() { Gone() }\n",
	})
	require.Empty(t, printed(dir, report.Diagnostics))
	code := string(report.Files[0].New)
	require.Contains(t, code, "in.Validate()")
	require.Contains(t, code, "cnerium.BindTime(req.FromQuery(\"at\"), &in.At)")
	require.Contains(t, code, "cnerium.BindUint(req.FromPath(\"n\"), &n)")
}
