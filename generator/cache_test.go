package generator

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cachedRun runs the generator with the cache, and returns the remarks on it.
func cachedRun(t *testing.T, s *shop, do func(opts Options) error) string {
	t.Helper()
	var notes []string
	opts := s.options(CacheOn, "./...")
	opts.Note = func(remark string) { notes = append(notes, remark) }
	require.NoError(t, do(opts))
	return strings.Join(notes, "\n")
}

func generated(t *testing.T) func(opts Options) error {
	t.Helper()
	return func(opts Options) error {
		_, err := Generate(t.Context(), opts)
		return err
	}
}

const usedNote = "used the result of an earlier run"

func TestAnUnchangedModuleIsNotWorkedOnAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t, t.TempDir())
	s.settle(t)
	require.NotContains(t, cachedRun(t, s, generated(t)), usedNote)
	require.Equal(t, usedNote, cachedRun(t, s, generated(t)), "outputs that were written are no change")
	require.NoError(t, os.Remove(filepath.Join(s.dir, "a", OutputName)))
	require.Equal(t, usedNote, cachedRun(t, s, generated(t)))
	require.FileExists(t, filepath.Join(s.dir, "a", OutputName), "the code comes from the cache")
	require.Equal(t, usedNote, cachedRun(t, s, func(opts Options) error {
		routes, _, err := List(t.Context(), opts)
		require.Len(t, routes, 2)
		return err
	}))
	require.NoError(t, s.verify())
}

func TestDocumentsAndClientsComeFromTheCache(t *testing.T) {
	t.Parallel()
	s := newShop(t, t.TempDir())
	s.write(t, "c/doc.go", "//cnerium:package openapi=openapi.yaml\npackage c\n")
	s.ts = "web"
	s.settle(t)
	require.NotContains(t, cachedRun(t, s, generated(t)), usedNote)
	require.Equal(t, usedNote, cachedRun(t, s, generated(t)), "outputs that were written are no change")
	before := s.look(CacheOff, "./...")
	for _, name := range []string{"c/openapi.yaml", "web/cnerium.ts", "c/" + OutputName} {
		s.remove(t, name)
	}
	require.Equal(t, usedNote, cachedRun(t, s, generated(t)))
	require.Equal(t, before, s.look(CacheVerify, "./..."))
	require.True(t, before.Report.Clean())
}

// TestAGoClientIsSeenOnceByTheCache shows what is known about the limits: the
// client is a package, so the run after the one that has written it works.
func TestAGoClientIsSeenOnceByTheCache(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	s := newShop(t, t.TempDir())
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	s.write(t, "go.sum", string(sum))
	s.write(t, "go.mod", shopFiles["go.mod"]+"\nrequire github.com/cnerium/cnerium-go v0.0.0\n\nreplace github.com/cnerium/cnerium-go => "+root+"\n")
	s.write(t, "uses/uses.go", "package uses\n\nimport _ \"github.com/cnerium/cnerium-go/runtime/client\"\n")
	command := exec.Command("go", "list", "-mod=mod", "-deps", "./uses") // completes go.mod
	command.Dir = s.dir
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	s.remove(t, "uses")
	s.write(t, "c/doc.go", "//cnerium:package client=../cclient\npackage c\n")
	s.settle(t)
	require.NotContains(t, cachedRun(t, s, generated(t)), usedNote)
	s.settle(t)
	require.NotContains(t, cachedRun(t, s, generated(t)), usedNote)
	require.Equal(t, usedNote, cachedRun(t, s, generated(t)))
	require.NoError(t, s.verify())
}

func TestAResultIsNotRememberedWhenAFileWasWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	s := newShop(t, t.TempDir())
	s.settle(t)
	future := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(s.dir, "b", "b.go"), future, future))
	require.Contains(t, cachedRun(t, s, generated(t)), errUnsettled.Error())
	require.NotContains(t, cachedRun(t, s, generated(t)), usedNote)
}

func TestAResultIsNotRememberedWhenAPackageIsMissing(t *testing.T) {
	t.Parallel()
	s := newShop(t, t.TempDir())
	s.write(t, "c/c.go", strings.Replace(shopFiles["c/c.go"], "\"context\"\n", "\"context\"\nimport _ \"example.com/gone\"\n", 1))
	s.settle(t)
	require.Contains(t, cachedRun(t, s, generated(t)), "example.com/gone was not found")
	require.NotContains(t, cachedRun(t, s, generated(t)), usedNote)
}

func TestADamagedCacheOnlyCostsTime(t *testing.T) {
	t.Parallel()
	damages := map[string]func(content []byte) []byte{
		"cut off": func(content []byte) []byte { return content[:len(content)/2] },
		"empty":   func([]byte) []byte { return nil },
		"changed": func(content []byte) []byte { content[len(content)/2] ^= 1; return content },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, t.TempDir())
			s.settle(t)
			want := s.look(CacheOff, "./...")
			require.Equal(t, want, s.look(CacheOn, "./..."))
			entries := s.entries(t)
			files, err := os.ReadDir(s.cache)
			require.NoError(t, err)
			for _, packs := range []bool{true, false} {
				for _, f := range files {
					if (entries[f.Name()] == nil) != packs {
						continue
					}
					path := filepath.Join(s.cache, f.Name())
					content, err := os.ReadFile(path)
					require.NoError(t, err)
					require.NoError(t, os.WriteFile(path, damage(content), 0o644))
				}
				require.Equal(t, want, s.look(CacheOn, "./..."))
				require.NoError(t, s.verify())
			}
		})
	}
}

func TestACacheThatCannotBeWrittenOnlyCostsTime(t *testing.T) {
	t.Parallel()
	s := newShop(t, t.TempDir())
	s.settle(t)
	s.cache = filepath.Join(s.dir, "go.mod") // a file, where a folder should be
	want := s.look(CacheOff, "./...")
	require.Equal(t, want, s.look(CacheOn, "./..."))
	require.NoError(t, s.verify())
	require.Contains(t, cachedRun(t, s, generated(t)), "result is not kept")
}

func TestRunsAtTheSameTimeShareTheCache(t *testing.T) {
	t.Parallel()
	s := newShop(t, t.TempDir())
	s.settle(t)
	want := s.look(CacheOff, "./...")
	var group sync.WaitGroup
	found := make([]seen, 8)
	for i := range found {
		group.Go(func() { found[i] = s.look(CacheOn, "./...") })
	}
	group.Wait()
	for _, got := range found {
		require.Equal(t, want, got)
	}
	require.Equal(t, usedNote, cachedRun(t, s, func(opts Options) error {
		_, err := Check(t.Context(), opts)
		return err
	}))
}

func TestTheKeyHasAllThatIsNoFile(t *testing.T) {
	s := newShop(t, t.TempDir())
	key := func(change func(opts *Options)) string {
		opts := s.options(CacheOn, "./...")
		change(&opts)
		key, err := cacheKey(opts)
		require.NoError(t, err)
		return key
	}
	same := func(*Options) {}
	first := key(same)
	require.Equal(t, first, key(same))
	require.NotEqual(t, first, key(func(opts *Options) { opts.Tags = "pro" }))
	require.NotEqual(t, first, key(func(opts *Options) { opts.Shapes = true }))
	targets := map[string]bool{first: true}
	for _, change := range []func(opts *Options){
		func(opts *Options) { opts.OpenAPI = "x.yaml" },
		func(opts *Options) { opts.Client = "x.yaml" },
		func(opts *Options) { opts.TypeScript = "x.yaml" },
	} {
		targets[key(change)] = true
	}
	require.Len(t, targets, 4)
	require.NotEqual(t, first, key(func(opts *Options) { opts.Dir = filepath.Dir(opts.Dir) }))
	require.NotEqual(t, first, key(func(opts *Options) { opts.Patterns = []string{"./a", "./b"} }))
	require.NotEqual(t,
		key(func(opts *Options) { opts.Patterns = []string{"./a ./b"} }),
		key(func(opts *Options) { opts.Patterns = []string{"./a", "./b"} }))
	t.Setenv("GOLINE", "12")
	require.Equal(t, first, key(same), "that is where go generate found its command")
	for _, name := range []string{"GOFLAGS", "GOOS", "GOARCH", "GOEXPERIMENT", "CGO_ENABLED", "GO111MODULE", "GOTOOLCHAIN"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "other")
			require.NotEqual(t, first, key(same))
		})
	}
}

func TestFlagsThatReplaceFilesAreNotCached(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.write(t, "other.mod", shopFiles["go.mod"])
	s.settle(t)
	t.Setenv("GOFLAGS", "-modfile=other.mod")
	require.Contains(t, cachedRun(t, s, generated(t)), "GOFLAGS has -modfile")
	t.Setenv("GOFLAGS", "")
	settings := filepath.Join(t.TempDir(), "env")
	t.Setenv("GOENV", settings)
	for content, want := range map[string]string{
		"GOFLAGS=-overlay=other.json\n": "GOFLAGS has -overlay",
		"GOWORK=/elsewhere/go.work\n":   "GOWORK is set",
	} {
		require.NoError(t, os.WriteFile(settings, []byte(content), 0o644))
		c, err := newInputs(s.options(CacheOn), newDisk())
		require.ErrorContains(t, err, want)
		require.Nil(t, c)
	}
}

func TestTheCacheStaysSmall(t *testing.T) {
	t.Parallel()
	store := &cacheStore{t.TempDir()}
	age := func(key string, by time.Duration) {
		at := time.Now().Add(-by)
		require.NoError(t, os.Chtimes(filepath.Join(store.dir, key), at, at))
	}
	require.NoError(t, store.write("unused", []byte("x")))
	age("unused", 2*cacheAge)
	big := make([]byte, cacheBytes/3)
	for i, key := range []string{"first", "second", "third"} {
		require.NoError(t, store.write(key, big))
		age(key, 30*time.Hour-time.Duration(i)*time.Hour)
	}
	require.NoFileExists(t, filepath.Join(store.dir, "unused"))
	_, err := store.read("first") // so it is not the longest unused any more
	require.NoError(t, err)
	require.NoError(t, store.write("fourth", big))
	for key, kept := range map[string]bool{"first": true, "second": false, "third": true, "fourth": true} {
		_, err := os.Stat(filepath.Join(store.dir, key))
		require.Equal(t, kept, err == nil, key)
	}
}

func TestAProgramIsKnownByItsBuildID(t *testing.T) {
	t.Parallel()
	require.True(t, hasBuildID([]byte("\x7fELF…\x04\x00\x00\x00Go\x00\x00abc")))
	require.True(t, hasBuildID([]byte("\xff Go build ID: \"abc\"\n \xff")))
	require.False(t, hasBuildID([]byte("\xff Go build ID: \"\"\n \xff")))
	require.False(t, hasBuildID([]byte("MZ")))
}

func TestAnEntrySurvivesItsStorage(t *testing.T) {
	t.Parallel()
	p := &pack{Codes: make(map[string][]byte), Routes: []Listed{{Method: "POST"}}}
	for _, code := range []string{"package a\n", "package b\n", ""} {
		p.Codes[sumOf([]byte(code))] = []byte(code)
	}
	parts, sum, err := p.encode()
	require.NoError(t, err)
	content := bytes.Join(parts, nil)
	got, err := decodePack(content, sum)
	require.NoError(t, err)
	require.Equal(t, p, got)
	_, err = decodePack(content[:len(content)-1], sum)
	require.ErrorIs(t, err, errDamaged)
	for i := range content {
		damaged := bytes.Clone(content)
		damaged[i] ^= 1
		_, err = decodePack(damaged, sum)
		require.ErrorIs(t, err, errDamaged, "byte %d", i)
	}
}
