//go:build unix

package sqlitestore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/sqlitestore/internal/faultfs"
)

// campaign is a series of workloads and, of each, of images as power cuts
// could leave them.
type campaign struct {
	workloads int
	images    int // of each workload
	prepare   func(w *workload, fs *faultfs.FS, seed uint64)
}

// length returns the numbers for the normal or the long run. Under the race
// detector, to which all images are alike, there are fewer of both.
func length(workloads, images, longWorkloads, longImages int) campaign {
	if *long || *seed != 0 {
		workloads, images = longWorkloads, longImages
	} else {
		images /= stride
		workloads = min(workloads, 8/stride)
	}
	return campaign{workloads: workloads, images: images}
}

// requireNothing runs the campaign, of which nothing may come.
func (c campaign) requireNothing(t *testing.T) {
	t.Helper()
	for i := range c.workloads {
		number := uint64(i + 1)
		if *seed != 0 && *seed != number {
			continue
		}
		t.Run(fmt.Sprintf("seed %d", number), func(t *testing.T) {
			t.Parallel()
			c.outage(t, number, func(o *outage, err error) { o.report(t, err) })
		})
	}
}

// findings runs the campaign and returns what it found.
func (c campaign) findings(t *testing.T) []error {
	t.Helper()
	var found []error
	for i := range c.workloads {
		c.outage(t, uint64(i+1), func(_ *outage, err error) { found = append(found, err) })
	}
	return found
}

// outage is one workload and what it left in the log.
type outage struct {
	*history
	seed  uint64
	log   faultfs.Log
	image int
	cut   int
	found faultfs.Image
}

// outage runs a workload and examines images of it.
func (c campaign) outage(t *testing.T, seed uint64, report func(o *outage, err error)) {
	t.Helper()
	o := c.record(t, seed)
	folder, uncertain := t.TempDir(), 0
	for i := range c.images {
		if err := o.examineImage(t, i, filepath.Join(folder, fmt.Sprint(i))); err != nil {
			report(o, err)
		}
		uncertain += min(1, o.log.Unsynced(o.cut))
	}
	// Or the campaign would prove little.
	require.Greater(t, uncertain, c.images/2)
	require.Greater(t, o.acknowledged(len(o.log)), 20)
}

// record runs a workload.
func (c campaign) record(t *testing.T, seed uint64) *outage {
	t.Helper()
	fs, err := faultfs.New()
	require.NoError(t, err)
	w := &workload{
		history:  newHistory(fs.Position),
		vfs:      fs.Name(),
		path:     file(t),
		clients:  4 - 3*int(seed%2), // an odd seed can be repeated
		sessions: 2,
	}
	w.keysEach = 32 / w.clients / w.sessions
	if c.prepare != nil {
		c.prepare(w, fs, seed)
	}
	require.NoError(t, w.run(t.Context(), seed))
	require.NoError(t, fs.Close())
	return &outage{history: w.history, seed: seed, log: fs.Log()}
}

func (o *outage) examineImage(t *testing.T, image int, folder string) error {
	t.Helper()
	rng := rand.New(rand.NewPCG(o.seed, uint64(image)))
	o.image, o.cut = image, o.choose(rng)
	o.found = o.log.Image(o.cut, rng)
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, o.found.Write(folder))
	defer os.RemoveAll(folder)
	return o.examine(t.Context(), filepath.Join(folder, "store.db"), o.cut)
}

// choose returns a position, preferably near one where something began or was
// acknowledged.
func (o *outage) choose(rng *rand.Rand) int {
	cut := rng.IntN(len(o.log) + 1)
	if near := o.positions(); len(near) > 0 && rng.IntN(2) == 0 {
		cut = near[rng.IntN(len(near))] + rng.IntN(5) - 2
	}
	return min(max(cut, 0), len(o.log))
}

// report keeps the image and the log where -artifacts puts them.
func (o *outage) report(t *testing.T, err error) {
	t.Helper()
	t.Errorf("image %d, cut at %d of %d: %v\nrepeat with -cnerium.seed=%d, keep the files with -artifacts",
		o.image, o.cut, len(o.log), err, o.seed)
	folder := filepath.Join(t.ArtifactDir(), fmt.Sprintf("image-%d", o.image))
	require.NoError(t, os.MkdirAll(folder, 0o700))
	require.NoError(t, o.found.Write(folder))
	var text strings.Builder
	for i, op := range o.log[:o.cut] {
		fmt.Fprintln(&text, i, op)
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "log.txt"), []byte(text.String()), 0o600))
}

// TestNoPowerCutLosesWhatWasAcknowledged cuts the power at any point of
// workloads of one and of four clients: 448 images, and 50,000 with
// -cnerium.long.
func TestNoPowerCutLosesWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	length(7, 64, 100, 500).requireNothing(t)
}

// TestNoPowerCutTearsATransaction does the same with transactional handlers
// alone, each of which writes to three tables of the application.
func TestNoPowerCutTearsATransaction(t *testing.T) {
	t.Parallel()
	c := length(1, 32, 20, 250)
	c.prepare = func(w *workload, _ *faultfs.FS, _ uint64) { w.only = (*client).transact }
	c.requireNothing(t)
}

// TestNoPowerCutTearsABatch does the same with 16 clients, whose operations and
// handlers share transactions.
func TestNoPowerCutTearsABatch(t *testing.T) {
	t.Parallel()
	c := length(2, 64, 20, 250)
	c.prepare = func(w *workload, _ *faultfs.FS, _ uint64) {
		w.clients, w.keysEach, w.crowded = 16, 3, true
	}
	c.requireNothing(t)
	o := c.record(t, 2)
	syncs := 0
	for _, op := range o.log {
		if op.Kind == faultfs.Sync {
			syncs++
		}
	}
	require.Less(t, syncs, o.acknowledged(len(o.log)), "or the clients shared nothing")
}

// TestNoPowerCutAfterAFailedSyncLosesWhatWasAcknowledged lets a sync fail now
// and then. What was written before it is lost if it is not written again,
// as on Linux.
func TestNoPowerCutAfterAFailedSyncLosesWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	c := length(1, 32, 20, 250)
	c.prepare = func(w *workload, fs *faultfs.FS, seed uint64) {
		w.tolerant = true
		rng := rand.New(rand.NewPCG(seed, 0))
		w.before = func() {
			if rng.IntN(8) == 0 {
				fs.Fail(faultfs.Fault{Kinds: []faultfs.Kind{faultfs.Sync}, Nth: 1 + rng.IntN(3)})
			}
		}
	}
	c.requireNothing(t)
}

// TestThePowerCutCampaignFindsWhatSynchronousNormalLoses shows that the
// campaign bites: without a sync at each commit, acknowledged commits are
// lost, and nothing else goes wrong.
func TestThePowerCutCampaignFindsWhatSynchronousNormalLoses(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "a campaign that looks for nothing but lost data")
	c := campaign{workloads: 1, images: 24}
	c.prepare = func(w *workload, _ *faultfs.FS, _ uint64) { w.weak = true }
	found := c.findings(t)
	requireKind(t, found, errLost)
	for _, err := range found {
		require.False(t, errors.Is(err, errDamaged) || errors.Is(err, errMixed), err)
	}
}

// TestThePowerCutCampaignFindsWhatALyingDiskLoses does the same with a disk
// that never syncs the log, or the database. In the second case the log is
// begun anew over what the database has not got yet.
func TestThePowerCutCampaignFindsWhatALyingDiskLoses(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "a campaign that looks for nothing but lost data")
	for _, about := range []string{"-wal", ".db"} {
		c := campaign{workloads: 1, images: 24}
		c.prepare = func(_ *workload, fs *faultfs.FS, _ uint64) { fs.Lie(about) }
		found := c.findings(t)
		requireKind(t, found, errLost)
		if about == ".db" {
			requireKind(t, found, errDamaged)
		}
	}
}

// TestAPowerCutCanBeRepeated runs a workload of one client twice. The images
// of a seed are then the same, but for the random numbers that SQLite and the
// store choose.
func TestAPowerCutCanBeRepeated(t *testing.T) {
	t.Parallel()
	var first []string
	for range 2 {
		o := campaign{}.record(t, 1)
		var log []string
		for _, op := range o.log {
			log = append(log, op.String())
		}
		if first != nil {
			require.Equal(t, first, log)
		}
		first = log
	}
}

func requireKind(t *testing.T, found []error, kind error) {
	t.Helper()
	n := 0
	for _, err := range found {
		if errors.Is(err, kind) {
			n++
		}
	}
	t.Logf("%d of %d findings: %v", n, len(found), kind)
	require.Positive(t, n, "%v: %v", kind, found)
}
