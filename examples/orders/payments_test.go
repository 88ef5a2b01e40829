package main

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const fiveEuros = `{"order_id":"ord_k1","amount_cents":500,"currency":"EUR"}`

// recorder remembers the keys that it is given, and dies after its first
// charges as a process would: the money is taken, and nobody is told.
type recorder struct {
	provider fakeProvider

	mu   sync.Mutex
	dies int // how many charges end in a panic
	keys []string
}

func (r *recorder) charge(ctx context.Context, key string, c charge) (string, error) {
	reference, err := r.provider.charge(ctx, key, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, key)
	if len(r.keys) <= r.dies {
		panic("died after the charge")
	}
	return reference, err
}

// seen returns the keys of all calls.
func (r *recorder) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.keys)
}

func TestPaymentHandsItsKeyToTheProviderOnce(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	s := open(t, t.TempDir(), r)
	want := `{"ok":true,"payment_id":"pay_k7","order_id":"ord_k1","amount_cents":500,"currency":"EUR","reference":"ch_1"}`
	first := s.post(t, "/payments", "k7", fiveEuros)
	require.Equal(t, http.StatusCreated, first.status)
	require.Equal(t, want, first.body)
	second := s.post(t, "/payments", "k7", fiveEuros)
	require.Equal(t, want, second.body)
	require.Equal(t, "true", second.replayed())
	require.Equal(t, []string{"k7"}, r.seen())
}

func TestPaymentThatDiedAfterItsChargeRunsAgainAndChargesOnce(t *testing.T) {
	t.Parallel()
	r := &recorder{dies: 1}
	s := open(t, t.TempDir(), r)
	require.Equal(t, http.StatusInternalServerError, s.post(t, "/payments", "k7", fiveEuros).status)
	second := s.post(t, "/payments", "k7", fiveEuros)
	require.Equal(t, http.StatusCreated, second.status)
	require.Contains(t, second.body, `"reference":"ch_1"`)
	require.Equal(t, []string{"k7", "k7"}, r.seen())
	require.Len(t, r.provider.charges, 1)
}

func TestInvalidPaymentsReachNoProvider(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	s := open(t, t.TempDir(), r)
	for body, detail := range map[string]string{
		`{"amount_cents":500,"currency":"EUR"}`:               "Missing required field: order_id",
		`{"order_id":"o","currency":"EUR"}`:                   "Field amount_cents must be greater than zero",
		`{"order_id":"o","amount_cents":-5,"currency":"EUR"}`: "Field amount_cents must be greater than zero",
		`{"order_id":"o","amount_cents":500}`:                 "Missing required field: currency",
	} {
		reply := s.post(t, "/payments", "k7", body)
		require.Equal(t, http.StatusBadRequest, reply.status, body)
		require.Equal(t, detail, reply.detail(t), body)
	}
	require.Empty(t, r.seen())
}

func TestFakeProviderHonoursTheKey(t *testing.T) {
	t.Parallel()
	var p fakeProvider
	c := charge{OrderID: "o", AmountCents: 1, Currency: "EUR"}
	first, err := p.charge(t.Context(), "a", c)
	require.NoError(t, err)
	again, err := p.charge(t.Context(), "a", c)
	require.NoError(t, err)
	require.Equal(t, first, again)
	other, err := p.charge(t.Context(), "b", c)
	require.NoError(t, err)
	require.NotEqual(t, first, other)
	_, err = p.charge(t.Context(), "a", charge{OrderID: "p"})
	require.ErrorIs(t, err, errKeyReused)
}
