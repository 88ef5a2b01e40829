package pgstore_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

func TestAKeyIsLikelyNewUntilTheStoreHasToDoWithIt(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	other := m.open(t, pgstore.Options{})
	ctx := t.Context()
	transact := func(store *pgstore.Store, key string) cnerium.Record {
		t.Helper()
		record, err := store.Transact(ctx, claim(key), func(context.Context, int) (cnerium.Outcome, error) {
			return outcome(key), nil
		})
		require.NoError(t, err)
		return record
	}
	reserve := func(store *pgstore.Store, key string) *cnerium.Lease {
		t.Helper()
		_, lease, err := store.Reserve(ctx, claim(key))
		require.NoError(t, err)
		return lease
	}

	for _, key := range []string{"reserved", "transacted", "new"} {
		require.True(t, store.LikelyAbsent(claim(key).ID), key)
	}
	lease := reserve(store, "reserved")
	require.False(t, store.LikelyAbsent(lease.ID))
	_, err := store.Commit(ctx, lease, outcome("done"))
	require.NoError(t, err)
	transact(store, "transacted")
	require.False(t, store.LikelyAbsent(claim("transacted").ID))
	require.True(t, store.LikelyAbsent(claim("new").ID))

	for key, again := range map[string]func(){
		"reserved":   func() { require.Nil(t, reserve(other, "reserved")) },
		"transacted": func() { require.Equal(t, "transacted", transact(other, "transacted").Response.Body) },
	} {
		require.True(t, other.LikelyAbsent(claim(key).ID), "the other one has not heard of it")
		again()
		require.False(t, other.LikelyAbsent(claim(key).ID), "now it has, and a further retry is looked up")
	}
}
