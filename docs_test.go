package cneriumgo_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheDocumentsNameTestsThatExist keeps what they promise true.
func TestTheDocumentsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	exists := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range declared.FindAllSubmatch(text, -1) {
			exists[string(match[1])] = true
		}
		return err
	})
	require.NoError(t, err)
	for _, document := range []string{"docs/guarantees.md", "docs/scale.md"} {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllSubmatch(text, -1)
		require.NotEmpty(t, named, document)
		for _, match := range named {
			require.True(t, exists[string(match[1])], "%s names %s, but there is no such test", document, match[1])
		}
	}
}
