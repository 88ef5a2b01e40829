package generator

import (
	"context"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var long = flag.Bool("cnerium.long", false, "run the campaigns at full length")

// shop is a module beside one that stands in for another.
type shop struct {
	dir   string // of the module
	cache string
	tags  string
	ts    string            // the folder of a client of all packages
	files map[string]string // by paths relative to the module
}

// shopFiles are what a shop begins with. The handlers need types of package b,
// and of the module lib.
var shopFiles = map[string]string{
	"go.mod":        "module example.com/shop\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n",
	"../lib/go.mod": "module example.com/lib\n\ngo 1.26\n",
	"../lib/lib.go": "package lib\n\ntype ID string\n",
	"../alt/go.mod": "module example.com/lib\n\ngo 1.26\n",
	"../alt/lib.go": "package lib\n\ntype ID int\n",
	"a/a.go": "package a\n\nimport (\n\t\"context\"\n\n\t\"example.com/lib\"\n\t\"example.com/shop/b\"\n)\n\n" +
		"//cnerium:durable POST /a/{id} a.create\nfunc Create(ctx context.Context, id lib.ID, in b.Input) error {\n\treturn nil\n}\n",
	"b/b.go": "package b\n\ntype Input struct {\n\tNumber int `query:\"number\"`\n}\n",
	"c/c.go": handler("c", "/c", "c.create"),
	"c/pro.go": "//go:build pro\n\npackage c\n\nimport \"context\"\n\n" +
		"//cnerium:durable POST /pro c.upgrade\nfunc Upgrade(ctx context.Context) error { return nil }\n",
	"plain/plain.go": "package plain\n",
}

func newShop(t require.TestingT, base string) *shop {
	s := &shop{
		dir: filepath.Join(base, "shop"), cache: filepath.Join(base, "cache"),
		files: make(map[string]string),
	}
	for name, content := range shopFiles {
		s.write(t, name, content)
	}
	return s
}

func (s *shop) write(t require.TestingT, name, content string) {
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	s.files[name] = content
}

func (s *shop) remove(t require.TestingT, name string) {
	require.NoError(t, os.RemoveAll(filepath.Join(s.dir, filepath.FromSlash(name))))
	delete(s.files, name)
}

// swap writes a file with one text in place of another, or the other way
// round; a file that is not there, as it was in the beginning.
func (s *shop) swap(t require.TestingT, name, one, other string) {
	content, ok := s.files[name]
	switch {
	case !ok:
		content = shopFiles[name]
	case strings.Contains(content, other):
		content = strings.Replace(content, other, one, 1)
	default:
		content = strings.Replace(content, one, other, 1)
	}
	s.write(t, name, content)
}

// toggle writes a file, or removes it.
func (s *shop) toggle(t require.TestingT, name, content string) {
	if _, ok := s.files[name]; ok {
		s.remove(t, name)
		return
	}
	s.write(t, name, content)
}

// settle makes all files old: what was written just before a run is not
// remembered, because nobody knows whether the go command has seen it.
func (s *shop) settle(t require.TestingT) {
	makeOld(t, filepath.Dir(s.dir))
}

// makeOld sets the times of all files and folders back.
func makeOld(t require.TestingT, dir string) {
	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(path, filepath.Join(dir, "cache")) {
			return err
		}
		return os.Chtimes(path, past, past)
	}))
}

// edits are all that may happen to a shop between two runs. The first group
// makes a difference to a shop that nothing has happened to.
var edits = map[string]func(t require.TestingT, s *shop){
	"signature":     func(t require.TestingT, s *shop) { s.swap(t, "a/a.go", "in b.Input", "in *b.Input") },
	"directive":     func(t require.TestingT, s *shop) { s.swap(t, "a/a.go", "a.create", "a.make") },
	"type":          func(t require.TestingT, s *shop) { s.swap(t, "b/b.go", "Number int", "Number []string") },
	"type, refused": func(t require.TestingT, s *shop) { s.swap(t, "b/b.go", "Number int", "Number chan int") },
	"type, broken":  func(t require.TestingT, s *shop) { s.swap(t, "b/b.go", "Number int", "Number Gone") },
	"field":         func(t require.TestingT, s *shop) { s.swap(t, "b/b.go", "struct {", "struct {\n\tText string") },
	"method": func(t require.TestingT, s *shop) {
		s.toggle(t, "b/more.go", "package b\n\nfunc (Input) Validate() error { return nil }\n")
	},
	"type elsewhere": func(t require.TestingT, s *shop) { s.swap(t, "../lib/lib.go", "ID string", "ID int") },
	"go.mod":         func(t require.TestingT, s *shop) { s.swap(t, "go.mod", "=> ../lib", "=> ../alt") },
	"new file": func(t require.TestingT, s *shop) {
		s.toggle(t, "c/d.go", strings.ReplaceAll(handler("c", "/d", "c.add"), "Create", "Add"))
	},
	"deleted file":    func(t require.TestingT, s *shop) { s.toggle(t, "c/c.go", shopFiles["c/c.go"]) },
	"renamed package": func(t require.TestingT, s *shop) { s.swap(t, "c/c.go", "package c\n", "package renamed\n") },
	"renamed name":    func(t require.TestingT, s *shop) { s.toggle(t, "c/z_test.go", "package c\n\nvar OpCreate int\n") },
	"directive, test": func(t require.TestingT, s *shop) {
		s.toggle(t, "plain/p_test.go", handler("plain", "/p", "plain.create"))
	},
	"clash":         func(t require.TestingT, s *shop) { s.toggle(t, "d/d.go", handler("d", "/d", "a.create")) },
	"module inside": func(t require.TestingT, s *shop) { s.toggle(t, "c/go.mod", "module example.com/inside\n") },
	"build tag":     func(t require.TestingT, s *shop) { s.swap(t, "c/pro.go", "//go:build pro", "//go:build !pro") },
	"syntax":        func(t require.TestingT, s *shop) { s.swap(t, "c/c.go", "func Create", "func {} Create") },
	"workspace": func(t require.TestingT, s *shop) {
		s.toggle(t, "../go.work", "go 1.26\n\nuse (\n\t./shop\n\t./alt\n)\n")
	},
	"package directive": func(t require.TestingT, s *shop) {
		s.toggle(t, "c/doc.go", "//cnerium:package openapi=openapi.yaml client=../cclient ts=../web\npackage c\n")
	},
	"event": func(t require.TestingT, s *shop) {
		s.toggle(t, "b/event.go", "package b\n\nimport \"example.com/lib\"\n\n//cnerium:event b.changed\ntype Changed struct{ ID lib.ID }\n")
	},
	"foreign output": func(t require.TestingT, s *shop) { s.toggle(t, "c/"+OutputName, "package c\n") },

	"body": func(t require.TestingT, s *shop) { s.swap(t, "a/a.go", "return nil\n", "panic(nil)\n") },
	"tags": func(_ require.TestingT, s *shop) { s.tags = map[string]string{"": "pro", "pro": ""}[s.tags] },
	"flag": func(_ require.TestingT, s *shop) { s.ts = map[string]string{"": "web", "web": ""}[s.ts] },
	"comment": func(t require.TestingT, s *shop) {
		s.swap(t, "b/b.go", "type Input", "// Input is a number.\ntype Input")
	},
	"deleted document": func(t require.TestingT, s *shop) { s.remove(t, "c/openapi.yaml") },
	"edited document": func(t require.TestingT, s *shop) {
		s.toggle(t, "c/openapi.yaml", yamlFirstLine+"\nopenapi: 3.1.0\n")
	},
	"foreign document": func(t require.TestingT, s *shop) { s.toggle(t, "web/c.ts", "export {}\n") },
	"lost client": func(t require.TestingT, s *shop) {
		s.toggle(t, "cclient/client_gen.go", outputFirstLine+"\n"+sourcePrefix+"example.com/shop/c\n\npackage cclient\n")
	},
	"deleted output": func(t require.TestingT, s *shop) { s.remove(t, "a/"+OutputName) },
	"edited output": func(t require.TestingT, s *shop) {
		s.toggle(t, "a/"+OutputName, outputFirstLine+"\n\npackage a\n\nvar x = 1\n")
	},
	"harmful output": func(t require.TestingT, s *shop) {
		s.toggle(t, "a/"+OutputName, outputFirstLine+"\n\n//go:build ignore\n\npackage z\n")
	},
	"lost output":  func(t require.TestingT, s *shop) { s.toggle(t, "e/"+OutputName, outputFirstLine+"\n\npackage e\n") },
	"empty folder": func(t require.TestingT, s *shop) { s.toggle(t, "f/f.go", "//go:build never\n\npackage f\n") },
	"generate": func(_ require.TestingT, s *shop) {
		if _, err := Generate(context.Background(), s.options(CacheOff, "./...")); err != nil {
			return // the next look tells
		}
	},
}

func (s *shop) options(mode CacheMode, patterns ...string) Options {
	return Options{Dir: s.dir, Patterns: patterns, Tags: s.tags, TypeScript: s.ts, Cache: mode, CacheDir: s.cache}
}

// seen is all that a run tells.
type seen struct {
	Report *Report
	Routes []Listed
	Lines  []string
	Errors []string
}

// look runs the generator, with the cache or without, and writes nothing.
func (s *shop) look(mode CacheMode, patterns ...string) seen {
	var found seen
	opts := s.options(mode, patterns...)
	report, err := Check(context.Background(), opts)
	if err != nil {
		found.Errors = append(found.Errors, err.Error())
	}
	routes, diagnostics, err := List(context.Background(), opts)
	if err != nil {
		found.Errors = append(found.Errors, err.Error())
	}
	found.Report, found.Routes, found.Lines = report, routes, printed(s.dir, diagnostics)
	return found
}

// TestACachedRunTellsWhatAnUncachedOneTells edits a module at random.
func TestACachedRunTellsWhatAnUncachedOneTells(t *testing.T) {
	checks := "4"
	if *long {
		checks = "400"
	}
	require.NoError(t, flag.Set("rapid.checks", checks))
	names := slices.Sorted(maps.Keys(edits))
	patterns := [][]string{{"./..."}, {"./..."}, {"./a"}, {"example.com/shop/..."}, {"./c", "./b"}}
	rapid.Check(t, func(rt *rapid.T) {
		s := newShop(rt, t.TempDir())
		for range 6 {
			s.settle(rt)
			which := rapid.SampledFrom(patterns).Draw(rt, "patterns")
			require.Equal(rt, s.look(CacheOff, which...), s.look(CacheOn, which...))
			edits[rapid.SampledFrom(names).Draw(rt, "edit")](rt, s)
		}
	})
}

// TestEachEditIsSeenByTheCache makes every edit, and goes back, with a result
// of before in the cache. That the comparison would notice a cache which does
// not see the edit is shown with one that has forgotten all its inputs.
func TestEachEditIsSeenByTheCache(t *testing.T) {
	t.Parallel()
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, t.TempDir())
			s.settle(t)
			before := s.look(CacheOn, "./...")
			require.Equal(t, before, s.look(CacheVerify, "./..."))
			require.NotEmpty(t, s.entries(t), "nothing is remembered")
			edit(t, s)
			s.settle(t)
			now := s.look(CacheOff, "./...")
			if !reflect.DeepEqual(before, now) && s.tags == "" && s.ts == "" && !changesOutputOnly[name] {
				s.forgetInputs(t)
				require.NotEqual(t, now, s.look(CacheOn, "./..."), "the comparison sees nothing")
				require.ErrorIs(t, s.verify(), ErrCache)
				require.NoError(t, os.RemoveAll(s.cache))
				edit(t, s)
				s.settle(t)
				s.look(CacheOn, "./...")
				edit(t, s)
				s.settle(t)
				now = s.look(CacheOff, "./...")
			}
			require.Equal(t, now, s.look(CacheOn, "./..."))
			require.NoError(t, s.verify())
		})
	}
}

// changesOutputOnly are the edits that leave the result as it is: outputs are
// looked at in each run.
var changesOutputOnly = map[string]bool{"deleted output": true, "edited output": true, "generate": true, "foreign output": true, "harmful output": true}

func (s *shop) verify() error {
	_, err := Check(context.Background(), s.options(CacheVerify, "./..."))
	return err
}

// entries returns the files of the cache that name inputs.
func (s *shop) entries(t *testing.T) map[string]*entry {
	t.Helper()
	found := make(map[string]*entry)
	store := &cacheStore{s.cache}
	files, err := os.ReadDir(s.cache)
	require.NoError(t, err)
	for _, f := range files {
		content, err := store.read(f.Name())
		require.NoError(t, err)
		if e, err := decodeEntry(content); err == nil {
			found[f.Name()] = e
		}
	}
	return found
}

// forgetInputs makes the cache believe that its results depend on nothing.
func (s *shop) forgetInputs(t *testing.T) {
	t.Helper()
	for key, e := range s.entries(t) {
		e.Inputs = inputs{}
		sum, err := e.Inputs.sum(newDisk(), time.Time{})
		require.NoError(t, err)
		e.Sum = sum
		content, err := e.encode()
		require.NoError(t, err)
		require.NoError(t, (&cacheStore{s.cache}).write(key, content))
	}
}
