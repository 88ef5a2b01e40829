package generator

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var (
	updateGolden  = flag.Bool("update", false, "rewrite what the golden files want")
	extractGolden = flag.String("extract", "", "write all golden files that generate code as a module into this new `folder`, for linters")
)

const (
	goldenDir    = "../testdata/golden"
	goldenModule = "example.com/golden"
	goldenStderr = "want/stderr"
)

// TestGolden runs the generator over the golden files, which are packages of
// one module here so that one load serves all of them: what they want must
// come out, whatever the order in which the go command lists their files, and
// it must compile.
func TestGolden(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off")
	dir := t.TempDir()
	cases := readGoldens(t)
	layOut(t, dir, cases)

	g := &goldenRun{dir: dir, opts: Options{Dir: dir, Patterns: []string{"./..."}}}
	var first map[string][]byte
	rounds := 10
	if raced.On {
		rounds = 2
	}
	for round := range rounds {
		got := g.generate(t, uint64(round))
		if round == 0 {
			first = got
		}
		require.Equal(t, texts(first), texts(got), "round %d", round)
	}
	g.whole = true
	require.Equal(t, texts(first), texts(g.generate(t, 0)), "it makes a difference that not everything is checked")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.compare(t, first) })
	}
	for name, code := range first {
		if filepath.Ext(name) == ".go" {
			formatted, err := format.Source(code)
			require.NoError(t, err, name)
			require.Equal(t, string(formatted), string(code), "%s is not as gofmt has it", name)
		}
	}
	checkSaysTheSame(t, g, first)
	if !raced.On { // the compiler says the same
		buildGoldens(t, dir, cases, first)
	}
}

// checkSaysTheSame runs two cases through the public door, so that what this
// test calls cannot drift away from it.
func checkSaysTheSame(t *testing.T, g *goldenRun, files map[string][]byte) {
	t.Helper()
	opts := Options{Dir: g.dir, Patterns: []string{"./method_pointer", "./err_tag"}}
	report, err := Check(context.Background(), opts)
	require.NoError(t, err)
	require.Len(t, report.Files, 1)
	require.Equal(t, string(files["method_pointer/"+OutputName]), string(report.Files[0].New))
	r := &run{diagnostics: report.Diagnostics}
	require.Equal(t, string(files["err_tag/stderr"]), g.stderr("err_tag", r))
}

// goldenCase is one golden file.
type goldenCase struct {
	name    string
	archive *txtar.Archive
}

func readGoldens(t *testing.T) []*goldenCase {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(goldenDir, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var cases []*goldenCase
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		cases = append(cases, &goldenCase{strings.TrimSuffix(filepath.Base(path), ".txtar"), archive})
	}
	return cases
}

// input returns the files that are not wanted but given.
func (c *goldenCase) input() []txtar.File {
	return slices.DeleteFunc(slices.Clone(c.archive.Files), func(f txtar.File) bool {
		return strings.HasPrefix(f.Name, "want/")
	})
}

// compare holds what came out against what the file wants, or makes the file
// want it.
func (c *goldenCase) compare(t *testing.T, all map[string][]byte) {
	got := make(map[string]string)
	for name, content := range all {
		if rest, ok := strings.CutPrefix(name, c.name+"/"); ok {
			got["want/"+rest] = withoutLibrary(rest, content)
		}
	}
	if *updateGolden {
		archive := &txtar.Archive{Comment: c.archive.Comment, Files: c.input()}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
		}
		require.NoError(t, os.WriteFile(filepath.Join(goldenDir, c.name+".txtar"), txtar.Format(archive), 0o644))
		return
	}
	want := make(map[string]string)
	for _, f := range c.archive.Files {
		if strings.HasPrefix(f.Name, "want/") {
			want[f.Name] = string(f.Data)
		}
	}
	require.Equal(t, want, got)
}

// withoutLibrary returns what a golden file has of an output: of the library
// that lies beside TypeScript clients only the first line, because it is the
// same for all.
func withoutLibrary(name string, content []byte) string {
	if base := filepath.Base(name); filepath.Ext(base) == ".ts" && strings.HasPrefix(base, "cnerium") {
		return firstLine(content) + "\n"
	}
	return string(content)
}

// TestGoldenForEachCategory fails when nothing shows what a diagnostic of some
// category looks like.
func TestGoldenForEachCategory(t *testing.T) {
	tree, err := parser.ParseFile(token.NewFileSet(), "diagnostic.go", nil, 0)
	require.NoError(t, err)
	cases := readGoldens(t)
	count := 0
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Category") {
			return true
		}
		category, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(cases, func(c *goldenCase) bool { return c.shows(category) }), "no err_%s.txtar", category)
		count++
		return true
	})
	require.Positive(t, count)
}

// shows reports whether the case is one of the category and wants it.
func (c *goldenCase) shows(category string) bool {
	name := "err_" + category
	if c.name != name && !strings.HasPrefix(c.name, name+"_") {
		return false
	}
	return slices.ContainsFunc(c.archive.Files, func(f txtar.File) bool {
		return f.Name == goldenStderr && bytes.Contains(f.Data, []byte(" ["+category+"]\n"))
	})
}

// layOut writes the golden files as packages of one module.
func layOut(t *testing.T, dir string, cases []*goldenCase) {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	writeFile(t, filepath.Join(dir, "go.sum"), sum)
	writeFile(t, filepath.Join(dir, "go.mod"), fmt.Appendf(nil,
		"module %s\n\ngo 1.26.0\n\nrequire github.com/cnerium/cnerium-go v0.0.0\n\nreplace github.com/cnerium/cnerium-go => %s\n",
		goldenModule, root))
	for _, c := range cases {
		for _, f := range c.input() {
			writeFile(t, filepath.Join(dir, c.name, f.Name), f.Data)
		}
	}
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, content, 0o644))
}

// goldenRun calls the stages of Check, but asks the go command only once, and
// lets no case see the routes of another.
type goldenRun struct {
	dir    string
	opts   Options
	listed *listing
	disk   *disk // of the last round
	whole  bool  // reach all that the packages of the cases declare
}

// generate returns the diagnostics of each case that has some, and all
// generated files, by their paths. The seed is that of the order of files.
func (g *goldenRun) generate(t *testing.T, seed uint64) map[string][]byte {
	t.Helper()
	sources, runs := g.load(t, seed)
	for _, src := range sources {
		r := runs[g.caseOf(src.dir)]
		p, found := buildPackage(src)
		r.packages = append(r.packages, p)
		r.fail(src.dir, found)
	}
	files := make(map[string][]byte)
	for name, r := range runs {
		made, err := r.finish()
		require.NoError(t, err)
		planned, found, err := plan(r.result(made))
		require.NoError(t, err)
		r.add(found)
		for _, f := range planned {
			if f.New != nil {
				files[g.path(t, f.Path)] = f.New
			}
		}
		if stderr := g.stderr(name, r); stderr != "" {
			files[name+"/stderr"] = []byte(stderr)
		}
	}
	return files
}

// load gives the sources of all cases, and a run for each that has the
// diagnostics of the stages before.
func (g *goldenRun) load(t *testing.T, seed uint64) ([]*source, map[string]*run) {
	t.Helper()
	d := newDisk()
	g.disk = d
	folders, found, err := scan(d, g.list(t, seed))
	require.NoError(t, err)
	sources, more, err := parse(d, folders)
	require.NoError(t, err)
	runs := make(map[string]*run)
	for _, f := range folders {
		name := g.caseOf(f.dir)
		if runs[name] == nil {
			runs[name] = newRun(g.opts, d, g.listed)
		}
		runs[name].folders = append(runs[name].folders, f)
	}
	for _, d := range append(found, more...) {
		runs[g.caseOf(d.Pos.Filename)].add([]Diagnostic{d})
	}

	for _, src := range sources {
		src.contract = len(src.targets) > 0
	}
	if g.whole {
		loadWhole(t, d, g.listed.nodes, sources)
	} else {
		require.NoError(t, load(d, g.listed.nodes, sources))
	}
	return sources, runs
}

// loadWhole is load, but for what is reached.
func loadWhole(t *testing.T, d *disk, known map[string]*node, sources []*source) {
	t.Helper()
	c := newChecker(d, known)
	require.NoError(t, c.add(sources))
	r := &reacher{c: c}
	for _, u := range c.sorted() {
		for name := range u.names {
			r.add(u, name, depthWhole)
		}
	}
	require.NoError(t, r.run(sources))
	c.check(sources)
}

// list returns the packages with their files in an order of the seed's.
func (g *goldenRun) list(t *testing.T, seed uint64) []*node {
	t.Helper()
	if g.listed == nil {
		var err error
		g.listed, err = list(context.Background(), g.opts)
		require.NoError(t, err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	var shuffled []*node
	for _, n := range g.listed.own {
		other := *n
		other.files = slices.Clone(n.files)
		random.Shuffle(len(other.files), func(a, b int) { other.files[a], other.files[b] = other.files[b], other.files[a] })
		shuffled = append(shuffled, &other)
	}
	return shuffled
}

// caseOf returns the case that a path in the module belongs to.
func (g *goldenRun) caseOf(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, g.dir+string(filepath.Separator)), string(filepath.Separator))
	return name
}

func (g *goldenRun) path(t *testing.T, name string) string {
	t.Helper()
	rel, err := filepath.Rel(g.dir, name)
	require.NoError(t, err)
	return filepath.ToSlash(rel)
}

func (g *goldenRun) stderr(name string, r *run) string {
	var text strings.Builder
	for _, d := range sortDiagnostics(r.diagnostics) {
		fmt.Fprintln(&text, d.Format(filepath.Join(g.dir, name)))
	}
	return text.String()
}

// texts makes a difference readable.
func texts(files map[string][]byte) map[string]string {
	out := make(map[string]string, len(files))
	for name, content := range files {
		out[name] = string(content)
	}
	return out
}

// buildGoldens compiles and vets all cases that want code, together.
func buildGoldens(t *testing.T, dir string, cases []*goldenCase, files map[string][]byte) {
	t.Helper()
	if *extractGolden != "" {
		var err error
		dir, err = filepath.Abs(*extractGolden)
		require.NoError(t, err)
		require.NoDirExists(t, dir)
		sound := slices.DeleteFunc(slices.Clone(cases), func(c *goldenCase) bool { return files[c.name+"/stderr"] != nil })
		layOut(t, dir, sound)
	}
	patterns := []string{}
	for _, c := range cases {
		if files[c.name+"/stderr"] == nil {
			patterns = append(patterns, "./"+c.name+"/...")
		}
	}
	for name, content := range files {
		if *extractGolden != "" { // linters pass over what is marked as generated
			content = bytes.TrimPrefix(content, []byte(outputFirstLine+"\n\n"))
		}
		if filepath.Ext(name) == ".go" && files[strings.Split(name, "/")[0]+"/stderr"] == nil {
			writeFile(t, filepath.Join(dir, name), content)
		}
	}
	for _, verb := range []string{"build", "vet"} {
		command := exec.Command("go", append([]string{verb}, patterns...)...)
		command.Dir = dir
		output, err := command.CombinedOutput()
		require.NoError(t, err, "go %s: %s", verb, bytes.TrimSpace(output))
	}
}
