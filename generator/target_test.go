package generator

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// targetModule is a module with two packages of routes, and one of events.
func targetModule(t *testing.T) string {
	t.Helper()
	return newModule(t, map[string]string{
		"a/a.go":           handler("a", "/a", "a.create"),
		"b/b.go":           handler("b", "/b", "b.create"),
		"events/events.go": "package events\n\n//cnerium:event a.created\ntype Created struct{ ID string }\n",
		"plain/plain.go":   "package plain\n",
	})
}

// add writes a file of a module.
func add(t *testing.T, dir, name, content string) {
	t.Helper()
	writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), []byte(content))
}

// generate runs the generator, and returns what it has done.
func generate(t *testing.T, opts Options) (map[string]Status, []string) {
	t.Helper()
	report, err := Generate(t.Context(), opts)
	require.NoError(t, err)
	root := opts.Dir
	return statuses(t, root, report), printed(root, report.Diagnostics)
}

// without returns the statuses of files that are not up to date.
func without(found map[string]Status, status Status) map[string]Status {
	found = maps.Clone(found)
	maps.DeleteFunc(found, func(_ string, s Status) bool { return s == status })
	return found
}

func TestOneTargetIsMadeOfAllPackagesOfTheRun(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	opts := Options{Dir: dir, Patterns: []string{"./..."}, OpenAPI: "api/openapi.yaml", Client: "client", TypeScript: "web/src"}
	found, diagnostics := generate(t, opts)
	require.Empty(t, diagnostics)
	for _, name := range []string{"api/openapi.yaml", "api/asyncapi.yaml", "client/client_gen.go", "a/cnerium_gen.go", "events/cnerium_gen.go"} {
		require.Equal(t, Written, found[name], name)
	}
	require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(found)), func(name string) bool {
		return strings.HasPrefix(name, "web/src/") && strings.HasSuffix(name, ".ts")
	}))
	document, err := os.ReadFile(filepath.Join(dir, "api", "openapi.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(document), "a.create")
	require.Contains(t, string(document), "b.create")
	for name := range found {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.True(t, isOurs(name, content), name)
	}

	report, err := Check(t.Context(), opts)
	require.NoError(t, err)
	require.True(t, report.Clean())
	require.Len(t, report.Files, len(found))
	for _, status := range statuses(t, dir, report) {
		require.Equal(t, UpToDate, status)
	}
}

func TestCheckFindsWhatIsWrongWithDocumentsAndClients(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	add(t, dir, "a/doc.go", "//cnerium:package openapi=../docs/a.openapi.json client=aclient ts=../web\npackage a\n")
	opts := Options{Dir: dir, Patterns: []string{"./..."}}
	_, diagnostics := generate(t, opts)
	require.Empty(t, diagnostics)

	old, err := os.ReadFile(filepath.Join(dir, "docs", "a.openapi.json"))
	require.NoError(t, err)
	add(t, dir, "docs/a.openapi.json", strings.Replace(string(old), "a.create", "a.make", 1))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "web", "a.ts")))
	add(t, dir, "docs/a.asyncapi.json", "{\n  \"asyncapi\": \"3.0.0\",\n  \"x-generated-by\": \"cneriumgen\"\n}\n")
	report, err := Check(t.Context(), opts)
	require.NoError(t, err)
	want := map[string]Status{"docs/a.openapi.json": Stale, "web/a.ts": Missing, "docs/a.asyncapi.json": LeftOver}
	require.Equal(t, want, without(statuses(t, dir, report), UpToDate))

	found, _ := generate(t, opts)
	want = map[string]Status{"docs/a.openapi.json": Written, "web/a.ts": Written, "docs/a.asyncapi.json": Removed}
	require.Equal(t, want, without(found, UpToDate))
	content, err := os.ReadFile(filepath.Join(dir, "docs", "a.openapi.json"))
	require.NoError(t, err)
	require.Equal(t, string(old), string(content))
}

func TestTheClientOfADroppedDirectiveIsLeftOver(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	add(t, dir, "a/doc.go", "//cnerium:package client=../aclient openapi=a.yaml\npackage a\n")
	all := Options{Dir: dir, Patterns: []string{"./..."}}
	generate(t, all)
	require.FileExists(t, filepath.Join(dir, "aclient", clientName))

	// It stays while nobody can know.
	broken := "//cnerium:package cliend=aclient\npackage a\n"
	for name, content := range map[string]string{"broken": broken, "left out": "//go:build special\n\n//cnerium:package client=../aclient\npackage a\n"} {
		add(t, dir, "a/doc.go", content)
		found, _ := generate(t, all)
		require.NotContains(t, found, "aclient/client_gen.go", name)
	}
	add(t, dir, "a/doc.go", "package a\n")
	found, _ := generate(t, Options{Dir: dir, Patterns: []string{"./aclient", "./b"}})
	require.NotContains(t, found, "aclient/client_gen.go")

	found, diagnostics := generate(t, all)
	require.Empty(t, diagnostics)
	require.Equal(t, map[string]Status{"aclient/client_gen.go": Removed}, without(found, UpToDate))
	require.FileExists(t, filepath.Join(dir, "a", "a.yaml"), "nothing says whose it is")
}

func TestTheClientOfAFlagIsNotLeftOverWithoutTheFlag(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	generate(t, Options{Dir: dir, Patterns: []string{"./..."}, Client: "client"})
	found, diagnostics := generate(t, Options{Dir: dir, Patterns: []string{"./..."}})
	require.Empty(t, diagnostics)
	require.NotContains(t, found, "client/client_gen.go")
	require.FileExists(t, filepath.Join(dir, "client", clientName))
}

func TestOptionsThatNameWhatCannotBeMadeAreAnError(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	for name, opts := range map[string]Options{
		"openapi=api.txt: the extension says neither JSON nor YAML":              {OpenAPI: "api.txt"},
		"client=my-client: my-client cannot be the name of a Go package":         {Client: "my-client"},
		"openapi=../api.yaml is outside of the module, and of its workspace":     {OpenAPI: "../api.yaml"},
		"client=a is the folder of package a":                                    {Client: "a"},
		"api is already made for another option":                                 {Client: "api", TypeScript: "api"},
		"openapi=../x.yaml is outside of the module, and of its workspace":       {OpenAPI: "../x.yaml", Patterns: []string{"./plain"}},
		"no package has a durable route: leave openapi, client and ts out":       {OpenAPI: "api.yaml", Patterns: []string{"./events"}},
		"ts=" + filepath.Join(os.TempDir(), "web") + " is outside of the module": {TypeScript: filepath.Join(os.TempDir(), "web")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts.Dir = dir
			if opts.Patterns == nil {
				opts.Patterns = []string{"./..."}
			}
			_, err := Check(t.Context(), opts)
			require.ErrorIs(t, err, ErrTarget)
			require.ErrorContains(t, err, strings.TrimSpace(name))
		})
	}
}

func TestATargetIsNotMadeOfPackagesWithDiagnostics(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	opts := Options{Dir: dir, Patterns: []string{"./..."}, OpenAPI: "openapi.yaml"}
	add(t, dir, "b/b.go", strings.Replace(handler("b", "/b", "b.create"), "POST", "GET", 1))
	found, diagnostics := generate(t, opts)
	require.Len(t, diagnostics, 1)
	require.Equal(t, map[string]Status{"a/cnerium_gen.go": Written, "events/cnerium_gen.go": Written}, found)

	opts.Patterns = []string{"./b"}
	_, diagnostics = generate(t, opts)
	require.Len(t, diagnostics, 1, "and not that there are no routes")
}

func TestAFlagAndADirectiveForTheSameFileAreADiagnostic(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	add(t, dir, "a/doc.go", "//cnerium:package openapi=../openapi.yaml ts=../web\npackage a\n")
	opts := Options{Dir: dir, Patterns: []string{"./..."}, OpenAPI: "openapi.yaml", TypeScript: "web"}
	found, diagnostics := generate(t, opts)
	require.Equal(t, []string{
		"a/doc.go:1:27: ../openapi.yaml is already made for the flags of this run [target]",
		"a/doc.go:1:46: ../web is already made for the flags of this run [target]",
	}, diagnostics)
	require.Equal(t, Written, found["openapi.yaml"])
	require.NotContains(t, found, "a/cnerium_gen.go", "as with any other diagnostic")

	opts.OpenAPI, opts.TypeScript = "all.yaml", "all"
	found, diagnostics = generate(t, opts)
	require.Empty(t, diagnostics)
	require.Equal(t, []Status{Written, Written}, []Status{found["all.yaml"], found["openapi.yaml"]})
}

func TestANameThatIsOnlyReservedForEventsIsFree(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	add(t, dir, "a/doc.go", "//cnerium:package openapi=../openapi.yaml\npackage a\n")
	add(t, dir, "b/doc.go", "//cnerium:package openapi=../asyncapi.yaml\npackage b\n")
	opts := Options{Dir: dir, Patterns: []string{"./..."}}
	for _, want := range []Status{Written, UpToDate} {
		found, diagnostics := generate(t, opts)
		require.Empty(t, diagnostics)
		require.Equal(t, want, found["asyncapi.yaml"])
		require.Equal(t, want, found["openapi.yaml"])
	}
}

func TestADocumentMayLieBesideTheModuleInAWorkspace(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{
		"go.mod":         "module example.com/unused\n\ngo 1.26\n",
		"go.work":        "go 1.26\n\nuse ./server\n",
		"server/go.mod":  "module example.com/shop\n\ngo 1.26\n",
		"server/shop.go": "//cnerium:package ts=../web openapi=../../out.yaml\n" + handler("shop", "/shop", "shop.create"),
	})
	opts := Options{Dir: filepath.Join(dir, "server")}
	_, diagnostics := generate(t, opts)
	require.Equal(t, []string{
		"shop.go:1:37: openapi=../../out.yaml is outside of the module, and of its workspace [target]",
	}, diagnostics)
	add(t, dir, "server/shop.go", "//cnerium:package ts=../web\n"+handler("shop", "/shop", "shop.create"))
	_, diagnostics = generate(t, opts)
	require.Empty(t, diagnostics)
	require.FileExists(t, filepath.Join(dir, "web", "shop.ts"))

	require.NoError(t, os.Remove(filepath.Join(dir, "go.work")))
	_, diagnostics = generate(t, opts)
	require.Equal(t, []string{"shop.go:1:22: ts=../web is outside of the module, and of its workspace [target]"}, diagnostics)
}

func TestAFolderInTheWayOfADocumentIsForeign(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	add(t, dir, "openapi.yaml/README", "")
	found, diagnostics := generate(t, Options{Dir: dir, Patterns: []string{"./a"}, OpenAPI: "openapi.yaml"})
	require.Equal(t, []string{"openapi.yaml:1:1: openapi.yaml was not written by cneriumgen and is left alone [output]"}, diagnostics)
	require.Equal(t, map[string]Status{"a/cnerium_gen.go": Written}, found)
}

func TestTheSameTypeOfEventTwiceInOneDocumentIsADiagnostic(t *testing.T) {
	t.Parallel()
	dir := targetModule(t)
	add(t, dir, "other/events.go", "package other\n\n//cnerium:event a.created\ntype Made struct{ ID string }\n")
	opts := Options{Dir: dir, Patterns: []string{"./..."}}
	_, diagnostics := generate(t, opts)
	require.Empty(t, diagnostics)
	opts.OpenAPI = "openapi.yaml"
	found, diagnostics := generate(t, opts)
	require.Equal(t, []string{
		"other/events.go:3:17: event a.created is already that of Created at ../events/events.go:3:1, and both go into one document [event-twice]",
	}, diagnostics)
	require.NotContains(t, found, "openapi.yaml")
	require.Equal(t, UpToDate, found["other/cnerium_gen.go"], "its code is sound")
}

func TestRoutesThatADocumentCannotTellApartAreDiagnostics(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{
		"a/a.go": "package a\n\nimport \"context\"\n" +
			"\n//cnerium:durable POST /f/{id} f.one\nfunc One(ctx context.Context, id string) error { return nil }\n" +
			"\n//cnerium:durable POST shop.example/f/{number} f.host\nfunc Host(ctx context.Context, number string) error { return nil }\n" +
			"\n//cnerium:durable POST /f/{rest...} f.rest\nfunc Rest(ctx context.Context, rest string) error { return nil }\n" +
			"\n//cnerium:durable PUT /f/{id} f.change\nfunc Put(ctx context.Context, id string) error { return nil }\n" +
			"\n//cnerium:durable POST /g/ g.all\nfunc All(ctx context.Context) error { return nil }\n" +
			"\n//cnerium:durable POST /g/{$} g.end\nfunc End(ctx context.Context) error { return nil }\n",
	})
	opts := Options{Dir: dir, Patterns: []string{"./..."}, Client: "client"}
	_, diagnostics := generate(t, opts)
	require.Empty(t, diagnostics)
	opts.OpenAPI = "openapi.yaml"
	found, diagnostics := generate(t, opts)
	require.Equal(t, []string{
		"a/a.go:8:24: POST /f/{} is already f.one at a.go:5:1, and a document cannot tell shop.example/f/{number} from /f/{id} [target]",
		"a/a.go:11:24: POST /f/{} is already f.one at a.go:5:1, and a document cannot tell /f/{rest...} from /f/{id} [target]",
		"a/a.go:20:24: POST /g/ is already g.all at a.go:17:1, and a document cannot tell /g/{$} from /g/ [target]",
	}, diagnostics)
	require.Equal(t, UpToDate, found["a/cnerium_gen.go"], "its code is sound")
}

func TestAHandlerMayTakeATypeOfAGeneratedClient(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{
		"a/a.go": "//cnerium:package client=../aclient\npackage a\n\nimport \"context\"\n\ntype Order struct{ N int `json:\"n\"` }\n\n" +
			"//cnerium:durable POST /a a.create\nfunc Create(ctx context.Context, in Order) error { return nil }\n",
	})
	opts := Options{Dir: dir, Patterns: []string{"./..."}}
	generate(t, opts)
	add(t, dir, "b/b.go", "package b\n\nimport (\n\t\"context\"\n\n\t\"example.com/shop/aclient\"\n)\n\n"+
		"//cnerium:durable POST /b b.create\nfunc Create(ctx context.Context, in aclient.Order) error { return nil }\n")
	_, diagnostics := generate(t, opts)
	require.Empty(t, diagnostics)
	found, _ := generate(t, opts)
	require.Empty(t, without(found, UpToDate))
}

func TestAnEventsDocumentHasItsName(t *testing.T) {
	t.Parallel()
	for openAPI, want := range map[string]string{
		"openapi.yaml":             "asyncapi.yaml",
		"api/orders.openapi.json":  "api/orders.asyncapi.json",
		"openapi/docs.yml":         "openapi/docs.asyncapi.yml",
		"openapi-v2.yaml":          "asyncapi-v2.yaml",
		"openapi.of.openapi.yaml":  "openapi.of.asyncapi.yaml",
		"v1.2.json":                "v1.2.asyncapi.json",
		"x/.yaml":                  "x/.asyncapi.yaml",
		"docs/openapi/openapi.yml": "docs/openapi/asyncapi.yml",
	} {
		require.Equal(t, want, EventsName(openAPI))
	}
}

func TestAFileIsOursByItsMark(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path, content string
		ours          bool
	}{
		{"a.go", outputFirstLine + "\npackage a\n", true},
		{"a.ts", outputFirstLine + "\r\nexport {}\r\n", true},
		{"a.ts", "export {}\n" + outputFirstLine + "\n", false},
		{"a.yaml", yamlFirstLine + "\nbroken: [\n", true},
		{"a.yml", outputFirstLine + "\n", false},
		{"a.yaml", "openapi: 3.1.0\n" + yamlFirstLine + "\n", false},
		{"a.json", "{broken \"x-generated-by\": \"cneriumgen\"\r\n}\r\n", true},
		{"a.json", `{"x-generated-by":"cneriumgen"}`, true},
		{"a.json", `{"x-generated-by":"cneriumgen","openapi":"3.1.0"}`, false},
		{"a.json", `{"x-generated-by":"somebody"}`, false},
		{"a.json", "", false},
	} {
		require.Equal(t, test.ours, isOurs(test.path, []byte(test.content)), fmt.Sprint(test))
	}
}
