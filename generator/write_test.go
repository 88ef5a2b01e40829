package generator

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// folderNames returns what lies in a folder.
func folderNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWriteGivesANewFileTheUsualModeAndKeepsThatOfAnOldOne(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]fs.FileMode{"new": 0o644, "private": 0o600, "read only": 0o444} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := File{Path: filepath.Join(t.TempDir(), OutputName), Status: Missing, New: []byte("new")}
			if name != "new" {
				file.Status = Stale
				require.NoError(t, os.WriteFile(file.Path, []byte("old"), 0o600))
				require.NoError(t, os.Chmod(file.Path, mode))
			}
			files := []File{file}
			require.NoError(t, write(files))
			require.Equal(t, Written, files[0].Status)
			info, err := os.Stat(file.Path)
			require.NoError(t, err)
			require.Equal(t, mode, info.Mode().Perm())
			content, err := os.ReadFile(file.Path)
			require.NoError(t, err)
			require.Equal(t, "new", string(content))
			require.Equal(t, []string{OutputName}, folderNames(t, filepath.Dir(file.Path)))
		})
	}
}

func TestWriteThatFailsLeavesNothingBehindAndDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	blocked := filepath.Join(dir, "blocked")
	require.NoError(t, os.MkdirAll(filepath.Join(blocked, OutputName, "child"), 0o755))
	good := filepath.Join(dir, OutputName)
	files := []File{
		{Path: filepath.Join(dir, "nowhere", OutputName), Status: Missing, New: []byte("a")},
		{Path: filepath.Join(blocked, OutputName), Status: Stale, New: []byte("a")},
		{Path: good, Status: Missing, New: []byte("a")},
	}
	err := write(files)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "write "+files[0].Path)
	require.ErrorContains(t, err, "write "+files[1].Path)
	require.Equal(t, []Status{Missing, Stale, Written}, []Status{files[0].Status, files[1].Status, files[2].Status})
	require.Equal(t, []string{OutputName}, folderNames(t, blocked))
	require.FileExists(t, good)
}

func TestWriteRemovesALeftOverFileThatIsGoneAlready(t *testing.T) {
	t.Parallel()
	files := []File{{Path: filepath.Join(t.TempDir(), OutputName), Status: LeftOver, Old: []byte("a")}}
	require.NoError(t, write(files))
	require.Equal(t, Removed, files[0].Status)
}
