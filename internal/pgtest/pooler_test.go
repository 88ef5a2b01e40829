package pgtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// TestPoolerGivesEachTransactionTheNextConnection has one connection to the
// server, which two clients use in turn.
func TestPoolerGivesEachTransactionTheNextConnection(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	pooler := server.Pooler(t, "default_pool_size = 1")
	one := connect(t, pooler.URL()+"&default_query_exec_mode=exec")
	two := connect(t, pooler.URL()+"&default_query_exec_mode=exec")
	const backend = "SELECT pg_backend_pid()"
	require.Equal(t, ask[int](t, one, backend), ask[int](t, two, backend))
	require.NotEqual(t, ask[int](t, one, backend), ask[int](t, connect(t, server.URL()), backend))

	pooler.Stop(t, pgtest.Immediate)
	require.Error(t, one.Ping(t.Context()))
	pooler.Start(t)
	again := connect(t, pooler.URL()+"&default_query_exec_mode=exec")
	require.Positive(t, ask[int](t, again, backend))
}
