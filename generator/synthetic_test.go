package generator

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var extractSynthetic = flag.String("synthetic", "", "write the synthetic module of the benchmarks, and the same for goverter, into this new `folder`")

// synthetic says how large a module for measurements is.
type synthetic struct {
	packages int
	handlers int // of each package
}

// files returns the module by the paths of its files: packages of handlers
// that use the types of a shared package, the standard library, and each a
// file of plain code, so that there is something to pass over.
func (s synthetic) files(t testing.TB) map[string]string {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	files := map[string]string{
		"go.mod": "module example.com/synthetic\n\ngo 1.26.0\n\nrequire github.com/cnerium/cnerium-go v0.0.0\n\n" +
			"replace github.com/cnerium/cnerium-go => " + root + "\n",
		"go.sum":           string(sum),
		"shared/shared.go": syntheticShared,
	}
	for p := range s.packages {
		folder := fmt.Sprintf("domain%02d/", p)
		files[folder+"handlers.go"] = s.handlersFile(p)
		files[folder+"types.go"] = s.typesFile(p)
		files[folder+"logic.go"] = logicFile(p, 1)
	}
	return files
}

// edited is the shared package with another type.
func (synthetic) edited() string {
	return strings.Replace(syntheticShared, "Street string", "Floor int `json:\"floor\"`\n\tStreet string", 1)
}

const syntheticShared = `// Package shared has the types of all domains.
package shared

import (
	"errors"
	"time"
)

// ID names a thing.
type ID string

// UnmarshalText reads the ID.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("an ID has at least one letter")
	}
	*id = ID(text)
	return nil
}

// Money is an amount.
type Money struct {
	Cents    int64  ` + "`json:\"cents\"`" + `
	Currency string ` + "`json:\"currency\"`" + `
}

// Address is where somebody lives.
type Address struct {
	Street string ` + "`json:\"street\"`" + `
	City   string ` + "`json:\"city\"`" + `
	Since  time.Time ` + "`json:\"since\"`" + `
}

// Audit says who did something.
type Audit struct {
	By string    ` + "`json:\"by\"`" + `
	At time.Time ` + "`json:\"at\"`" + `
}
`

// handlersFile has the directives; every fifth handler takes the request.
func (s synthetic) handlersFile(p int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Package domain%02d is one of many.\npackage domain%02d\n\n", p, p)
	b.WriteString("import (\n\t\"context\"\n\t\"errors\"\n\t\"fmt\"\n\t\"net/http\"\n\t\"time\"\n\n" +
		"\t\"example.com/synthetic/shared\"\n\tcnerium \"github.com/cnerium/cnerium-go/runtime\"\n)\n\n")
	b.WriteString("// Service does the work.\ntype Service struct {\n\tclient *http.Client\n\titems  map[shared.ID]*Item00\n}\n")
	for h := range s.handlers {
		request, use := "", ""
		if h%5 == 0 {
			request, use = "req *cnerium.Request, ", "\tif req.Key() == \"\" {\n\t\treturn nil, errors.New(\"no key\")\n\t}\n"
		}
		fmt.Fprintf(&b, "\n// Create%02d creates an item.\n//\n"+
			"//cnerium:durable POST /domain%02d/{id}/items%02d domain%02d.items%02d.create status=201 timeout=20s\n"+
			"func (s *Service) Create%02d(ctx context.Context, %sin Input%02d) (*Item%02d, error) {\n%s", h, p, h, p, h, h, request, h, h, use)
		fmt.Fprintf(&b, "\tif in.Count < 0 {\n\t\treturn nil, fmt.Errorf(\"count %%d is negative\", in.Count)\n\t}\n"+
			"\tif _, ok := s.items[in.ID]; ok && !in.DryRun {\n\t\treturn nil, errors.New(\"there already\")\n\t}\n"+
			"\tselect {\n\tcase <-ctx.Done():\n\t\treturn nil, ctx.Err()\n\tdefault:\n\t}\n"+
			"\titem := &Item%02d{ID: in.ID, Price: in.Price, Names: in.Names}\n\titem.Audit.At = time.Now()\n\treturn item, nil\n}\n", h)
	}
	return b.String()
}

// typesFile has inputs and results.
func (s synthetic) typesFile(p int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package domain%02d\n\nimport (\n\t\"errors\"\n\n\t\"example.com/synthetic/shared\"\n)\n", p)
	for h := range s.handlers {
		fmt.Fprintf(&b, "\n// Input%02d is what a client sends.\ntype Input%02d struct {\n"+
			"\tID shared.ID `path:\"id\"`\n\tDryRun bool `query:\"dry_run\"`\n\tSource string `header:\"X-Source\"`\n"+
			"\tCount int `json:\"count\"`\n\tNames []string `json:\"names\"`\n\tPrice shared.Money `json:\"price\"`\n"+
			"\tHome *shared.Address `json:\"home\"`\n\tLabels map[string]string `json:\"labels\"`\n}\n\n"+
			"// Validate checks the input.\nfunc (in *Input%02d) Validate() error {\n\tif in.Price.Cents < 0 {\n"+
			"\t\treturn errors.New(\"the price is negative\")\n\t}\n\treturn nil\n}\n\n"+
			"// Item%02d is what the client gets.\ntype Item%02d struct {\n\tID shared.ID `json:\"id\"`\n"+
			"\tPrice shared.Money `json:\"price\"`\n\tNames []string `json:\"names\"`\n\tshared.Audit\n}\n", h, h, h, h, h)
	}
	return b.String()
}

// logicFile has functions that nobody needs to know.
func logicFile(p, functions int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package domain%02d\n\nimport (\n\t\"fmt\"\n\t\"sort\"\n\t\"strings\"\n)\n", p)
	for f := range functions {
		fmt.Fprintf(&b, "\n// logic%02d counts words.\nfunc logic%02d(text string, limit int) (string, error) {\n"+
			"\tcounts := make(map[string]int)\n\tfor _, word := range strings.Fields(text) {\n\t\tcounts[strings.ToLower(word)]++\n\t}\n"+
			"\tvar words []string\n\tfor word, n := range counts {\n\t\tif n > limit {\n\t\t\twords = append(words, word)\n\t\t}\n\t}\n"+
			"\tsort.Strings(words)\n\tif len(words) == 0 {\n\t\treturn \"\", fmt.Errorf(\"no word is there more than %%d times\", limit)\n\t}\n"+
			"\treturn strings.Join(words, \" \"), nil\n}\n", f, f)
	}
	return b.String()
}

// converterFiles returns a module of the same size for goverter: as many
// packages, with as many methods of a converter.
func (s synthetic) converterFiles() map[string]string {
	// Without further settings, goverter copies deeply, and cannot copy a time.
	shared := strings.ReplaceAll(syntheticShared, "time.Time", "int64")
	shared = strings.ReplaceAll(shared, "import (\n\t\"errors\"\n\t\"time\"\n)", "import \"errors\"")
	files := map[string]string{"go.mod": "module example.com/synthetic\n\ngo 1.26.0\n", "shared/shared.go": shared}
	for p := range s.packages {
		var b strings.Builder
		fmt.Fprintf(&b, "package domain%02d\n\nimport \"example.com/synthetic/shared\"\n\n// goverter:converter\n"+
			"// goverter:output:file ./generated.go\n// goverter:output:package :domain%02d\ntype Converter interface {\n", p, p)
		for h := range s.handlers {
			fmt.Fprintf(&b, "\tConvert%02d(source Source%02d) Target%02d\n", h, h, h)
		}
		b.WriteString("}\n")
		for h := range s.handlers {
			fields := "\tID shared.ID\n\tDryRun bool\n\tSource string\n\tCount int\n\tNames []string\n\tPrice shared.Money\n\tHome *shared.Address\n\tLabels map[string]string\n"
			fmt.Fprintf(&b, "\n// Source%02d is converted.\ntype Source%02d struct {\n%s}\n\n// Target%02d is what comes out.\ntype Target%02d struct {\n%s}\n", h, h, fields, h, h, fields)
		}
		folder := fmt.Sprintf("domain%02d/", p)
		files[folder+"converter.go"] = b.String()
		files[folder+"logic.go"] = logicFile(p, 26)
	}
	return files
}

// writeFiles brings files into a folder.
func writeFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
}

// TestSyntheticModule writes the modules that measurements of whole processes
// need, when it is asked to.
func TestSyntheticModule(t *testing.T) {
	t.Parallel()
	if *extractSynthetic == "" {
		t.Skip("for measurements: give a folder with -synthetic")
	}
	require.NoDirExists(t, *extractSynthetic)
	s := synthetic{packages: 100, handlers: 20}
	writeFiles(t, filepath.Join(*extractSynthetic, "cnerium"), s.files(t))
	writeFiles(t, filepath.Join(*extractSynthetic, "goverter"), s.converterFiles())
	require.NoError(t, os.WriteFile(filepath.Join(*extractSynthetic, "shared.edited"), []byte(s.edited()), 0o644))
}
