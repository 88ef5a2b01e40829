package sqlitestore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func FuzzStoredResponseComesBackAsItWas(f *testing.F) {
	modeltest.FuzzResponse(f, func(now func() time.Time) cnerium.Store {
		store, err := sqlitestore.Open(f.Context(), ":memory:", &sqlitestore.Options{Now: now})
		require.NoError(f, err)
		f.Cleanup(func() { require.NoError(f, store.Close()) })
		return store
	})
}
