package sqlitestore_test

import (
	"flag"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
)

// A history in SQLite takes a while, so fewer of them are enough when nobody asks
// for more, and under the race detector still fewer.
func init() {
	checks := "25"
	if raced.On {
		checks = "6"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
}

func TestRandomHistoriesInAFileFollowTheModel(t *testing.T) {
	t.Parallel()
	config := inFile
	config.Rows = rowsByTransaction // which opens nothing each time
	modeltest.Histories(t, config, *long)
}

func TestRandomHistoriesInMemoryFollowTheModel(t *testing.T) {
	t.Parallel()
	modeltest.Histories(t, inMemory, *long)
}
