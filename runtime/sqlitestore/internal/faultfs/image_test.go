package faultfs_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/sqlitestore/internal/faultfs"
)

// images returns the different images of many cuts at the end of the log.
func images(t *testing.T, log faultfs.Log) []faultfs.Image {
	t.Helper()
	all := make([]faultfs.Image, 0, 500)
	for i := range uint64(500) {
		all = append(all, log.Image(len(log), rand.New(rand.NewPCG(1, i))))
	}
	return all
}

// contents returns how often the file has looked how; "-" if it was not there.
func contents(all []faultfs.Image, name string) map[string]int {
	found := make(map[string]int)
	for _, image := range all {
		data, ok := image[name]
		if !ok {
			data = []byte("-")
		}
		found[string(data)]++
	}
	return found
}

func write(offset int64, text string) faultfs.Op {
	return faultfs.Op{Kind: faultfs.Write, File: 1, Offset: offset, Data: []byte(text)}
}

var created = faultfs.Log{
	{Kind: faultfs.Create, Name: "a", File: 1},
	{Kind: faultfs.SyncFolder, Begun: 1},
}

func TestWhatIsSyncedIsThere(t *testing.T) {
	t.Parallel()
	log := append(created[:2:2], write(0, "one"), write(3, "two"), faultfs.Op{Kind: faultfs.Sync, File: 1, Begun: 4})
	require.Zero(t, log.Unsynced(len(log)))
	require.Equal(t, map[string]int{"onetwo": 500}, contents(images(t, log), "a"))
}

func TestWhatIsNotSyncedIsThereOrNotInAnyOrder(t *testing.T) {
	t.Parallel()
	log := append(created[:2:2], write(0, "1"), faultfs.Op{Kind: faultfs.Sync, File: 1, Begun: 3},
		write(1, "2"), write(2, "3"))
	require.Equal(t, 2, log.Unsynced(len(log)))
	found := contents(images(t, log), "a")
	for _, text := range []string{"1", "12", "123", "1\x003"} {
		require.Positive(t, found[text], "%q in %v", text, found)
	}
}

func TestASyncDoesNotCoverWhatWasWrittenAfterItsBeginning(t *testing.T) {
	t.Parallel()
	log := append(created[:2:2], write(0, "1"), write(1, "2"), faultfs.Op{Kind: faultfs.Sync, File: 1, Begun: 3})
	found := contents(images(t, log), "a")
	require.Positive(t, found["1"])
	require.Zero(t, found[""])
}

func TestAFailedSyncCoversNothingForEver(t *testing.T) {
	t.Parallel()
	log := append(created[:2:2], write(0, "1"),
		faultfs.Op{Kind: faultfs.Sync, File: 1, Begun: 3, Failed: true},
		faultfs.Op{Kind: faultfs.Sync, File: 1, Begun: 4})
	require.Equal(t, 1, log.Unsynced(len(log)))
	require.Positive(t, contents(images(t, log), "a")[""])
}

func TestATornWriteHasSomeOfItsSectors(t *testing.T) {
	t.Parallel()
	before, after := bytes.Repeat([]byte("."), 1024), bytes.Repeat([]byte("x"), 1024)
	log := append(created[:2:2], write(0, string(before)), faultfs.Op{Kind: faultfs.Sync, File: 1, Begun: 3},
		write(0, string(after)))
	half, zeros, garbage := 0, 0, 0
	for text, n := range contents(images(t, log), "a") {
		require.Len(t, text, 1024)
		for sector := range 2 {
			switch part := text[512*sector:][:512]; {
			case part == string(before[:512]) && text != string(before):
				half += n
			case part == string(make([]byte, 512)):
				zeros += n
			case part != string(before[:512]) && part != string(after[:512]):
				garbage += n
			}
		}
	}
	require.Positive(t, half)
	require.Positive(t, zeros)
	require.Positive(t, garbage)
}

func TestANameIsCertainOnlyAfterASyncOfTheFolder(t *testing.T) {
	t.Parallel()
	log := faultfs.Log{
		{Kind: faultfs.Create, Name: "a", File: 1},
		{Kind: faultfs.Sync, File: 1, Begun: 1},
	}
	found := contents(images(t, log), "a")
	require.Positive(t, found["-"])
	require.Positive(t, found[""])

	gone := append(created[:2:2], faultfs.Op{Kind: faultfs.Delete, Name: "a", File: 1})
	found = contents(images(t, gone), "a")
	require.Positive(t, found["-"])
	require.Positive(t, found[""])
	gone = append(gone, faultfs.Op{Kind: faultfs.SyncFolder, Begun: 3})
	require.Equal(t, map[string]int{"-": 500}, contents(images(t, gone), "a"))
}

func TestATruncationIsThereOrNot(t *testing.T) {
	t.Parallel()
	log := append(created[:2:2], write(0, "123"), faultfs.Op{Kind: faultfs.Sync, File: 1, Begun: 3},
		faultfs.Op{Kind: faultfs.Truncate, File: 1, Size: 1})
	found := contents(images(t, log), "a")
	require.Positive(t, found["1"])
	require.Positive(t, found["123"])
	require.Len(t, found, 2)
}

func TestTheSameNumbersGiveTheSameImage(t *testing.T) {
	t.Parallel()
	log := append(created[:2:2], write(0, "1"), write(600, "2"))
	first, second := images(t, log), images(t, log)
	require.Equal(t, first, second)
}
