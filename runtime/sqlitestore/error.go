package sqlitestore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// The result codes of SQLite that have a hint. An extended code has one of
// them in its lowest byte.
const (
	codeBusy     = 5
	codeReadOnly = 8
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCannot   = 14
	codeNotADB   = 26
)

var hints = map[int]string{
	codeBusy:     "another transaction held the write lock for too long",
	codeReadOnly: "the database cannot be written: make the file and its folder writable",
	codeIO:       "the disk or the file system failed",
	codeCorrupt:  "the database is damaged: restore it from a backup",
	codeFull:     "no space is left for the database: free some",
	codeCannot:   "the database file cannot be opened",
	codeNotADB:   "the file is not an SQLite database: give another path",
}

// describe says what was being done when the error came up.
func describe(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlitestore: %s: %w", what, explain(err))
}

// explain adds what to do about an error of SQLite.
func explain(err error) error {
	if hint, ok := hints[code(err)]; ok {
		return fmt.Errorf("%s: %w", hint, err)
	}
	return err
}

// explainOpen is explain for the opening of path, where SQLite itself is
// terse about what is wrong with it.
func explainOpen(err error, path string) error {
	if code(err) != codeCannot {
		return explain(err)
	}
	folder := filepath.Dir(path)
	info, folderErr := os.Stat(folder)
	if file, fileErr := os.Stat(path); fileErr == nil && file.IsDir() {
		return fmt.Errorf("the path is a folder: give that of a file: %w", err)
	}
	switch {
	case errors.Is(folderErr, os.ErrNotExist):
		return fmt.Errorf("the folder %s does not exist: create it: %w", folder, err)
	case folderErr == nil && !info.IsDir():
		return fmt.Errorf("%s is not a folder: %w", folder, err)
	case folderErr != nil:
		return fmt.Errorf("%w: %w", folderErr, err)
	}
	return fmt.Errorf("the database file cannot be opened: make it and its folder readable and writable: %w", err)
}

// code returns the primary result code, 0 if the error is none of SQLite.
func code(err error) int {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return 0
	}
	return failed.Code() & 0xff
}

func isBusy(err error) bool { return code(err) == codeBusy }
