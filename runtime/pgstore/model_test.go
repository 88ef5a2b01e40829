package pgstore_test

import (
	"context"
	"flag"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/pgtest"
	"github.com/cnerium/cnerium-go/internal/raced"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// A history makes a schema, so fewer of them are enough when nobody asks for
// more, and under the race detector still fewer.
func init() {
	checks := "10"
	if raced.On {
		checks = "3"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
}

func TestRandomHistoriesFollowTheModel(t *testing.T) {
	t.Parallel()
	modeltest.Histories(t, config(t, pgstore.Options{}, ""), *long)
}

func TestRandomHistoriesInThePortableOrderFollowTheModel(t *testing.T) {
	t.Parallel()
	notRaced(t)
	modeltest.Histories(t, config(t, pgstore.Options{Portable: true}, ""), *long)
}

func TestConcurrentHistoriesOfTwoStoresAreLinearizable(t *testing.T) {
	t.Parallel()
	modeltest.Linear(t, patiently(config(t, pgstore.Options{}, "")), *long)
}

func TestConcurrentHistoriesInThePortableOrderAreLinearizable(t *testing.T) {
	t.Parallel()
	notRaced(t)
	modeltest.Linear(t, patiently(config(t, pgstore.Options{Portable: true}, "")), *long)
}

// patiently makes claims that wait for the transactions of others, and repeats
// what conflicts with them, as the core does.
func patiently(c storetest.Config) storetest.Config {
	open, join := c.Open, c.Join
	c.Open = func(t *testing.T, now func() time.Time) cnerium.Store {
		return patient{open(t, now).(store)}
	}
	c.Join = func(t *testing.T, other cnerium.Store, now func() time.Time) cnerium.Store {
		return patient{join(t, other.(patient).store, now).(store)}
	}
	c.Rows = func(ctx context.Context, s cnerium.Store) ([]string, error) {
		return readRows(ctx, s.(patient).store)
	}
	return c
}

type patient struct{ store }

func (p patient) Transact(
	ctx context.Context, claim cnerium.Claim, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Record, error) {
	claim.Wait = time.Minute
	return persistent(p).Transact(ctx, claim, run)
}

func FuzzStoredResponseComesBackAsItWas(f *testing.F) {
	url, schema := pgtest.Start(f).Schema(f)
	modeltest.FuzzResponse(f, func(now func() time.Time) cnerium.Store {
		return medium{url: url, schema: schema}.open(f, pgstore.Options{Now: now})
	})
}
