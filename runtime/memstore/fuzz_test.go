package memstore_test

import (
	"testing"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func FuzzStoredResponseComesBackAsItWas(f *testing.F) {
	modeltest.FuzzResponse(f, func(now func() time.Time) cnerium.Store {
		return memstore.New(&memstore.Options{Now: now})
	})
}
