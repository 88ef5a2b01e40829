package memstore_test

import (
	"flag"
	"testing"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

var long = flag.Bool("cnerium.long", false, "run the campaigns at full length")

func TestRandomHistoriesFollowTheModel(t *testing.T) {
	t.Parallel()
	modeltest.Histories(t, inMemory, *long)
}

func TestConcurrentHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	modeltest.Linear(t, inMemory, *long)
}

var inMemory = storetest.Config{
	Open: func(_ *testing.T, now func() time.Time) cnerium.Store {
		return memstore.New(lawful(now))
	},
}
