package generator

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchmarkSize is the module of the benchmarks: 100 packages of 20 handlers,
// about 100,000 lines.
var benchmarkSize = synthetic{packages: 100, handlers: 20}

// benchmarkModule writes the synthetic module and asks the go command for it.
func benchmarkModule(b *testing.B) (Options, *listing) {
	b.Helper()
	dir := b.TempDir()
	writeFiles(b, dir, benchmarkSize.files(b))
	opts := Options{Dir: dir, Patterns: []string{"./..."}}
	listed, err := list(context.Background(), opts)
	require.NoError(b, err)
	return opts, listed
}

// BenchmarkRun is a run from nothing, but for what the go command and writing
// take.
func BenchmarkRun(b *testing.B) {
	_, listed := benchmarkModule(b)
	b.ReportAllocs()
	for b.Loop() {
		r := newRun(Options{}, newDisk(), listed)
		require.NoError(b, r.analyse(listed))
		_, err := r.finish()
		require.NoError(b, err)
	}
}

// BenchmarkStages are the stages of a run, each upon what the ones before it
// have left.
func BenchmarkStages(b *testing.B) {
	opts, listed := benchmarkModule(b)
	stages := []struct {
		name string
		do   func(s *stageRun)
	}{
		{"list", func(s *stageRun) { _, s.err = list(context.Background(), opts) }},
		{"scan", func(s *stageRun) { s.folders, _, s.err = scan(s.disk, listed.own) }},
		{"parse", func(s *stageRun) { s.sources, _, s.err = parse(s.disk, s.folders) }},
		{"load", func(s *stageRun) { s.err = load(s.disk, listed.nodes, s.sources) }},
		{"build", func(s *stageRun) { s.run.build(s.sources) }},
		{"check", func(s *stageRun) { checkRun(s.run.packages) }},
		{"emit", func(s *stageRun) { _, s.err = emitAll(s.run.packages) }},
	}
	for i, stage := range stages {
		b.Run(stage.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				s := &stageRun{disk: newDisk(), run: &run{failed: make(map[string]bool)}}
				for _, before := range stages[1:max(1, i)] {
					before.do(s)
				}
				b.StartTimer()
				stage.do(s)
				require.NoError(b, s.err)
			}
		})
	}
}

// stageRun is what the stages hand on.
type stageRun struct {
	disk    *disk
	folders []*folder
	sources []*source
	run     *run
	err     error
}

// BenchmarkUnchanged is a run that finds its result in the cache.
func BenchmarkUnchanged(b *testing.B) {
	opts, _ := benchmarkModule(b)
	opts.Cache, opts.CacheDir = CacheOn, filepath.Join(b.TempDir(), "cache")
	makeOld(b, opts.Dir)
	_, err := Generate(context.Background(), opts)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		report, err := Generate(context.Background(), opts)
		require.NoError(b, err)
		require.True(b, report.Clean())
	}
}
