package main

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
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
	onEachStore(t, func(t *testing.T, place string) {
		r := &recorder{}
		s := open(t, place, r)
		want := `{"ok":true,"payment_id":"pay_k7","order_id":"ord_k1","amount_cents":500,"currency":"EUR","reference":"ch_1"}`
		first := s.post(t, "/payments", "k7", fiveEuros)
		require.Equal(t, http.StatusCreated, first.status)
		require.Equal(t, want, first.body)
		second := s.post(t, "/payments", "k7", fiveEuros)
		require.Equal(t, want, second.body)
		require.Equal(t, "true", second.replayed())
		require.Equal(t, []string{"k7"}, r.seen())
	})
}

// requireHeld requires that a payment is in the list and that its retries run
// nothing.
func requireHeld(t *testing.T, s *shop, key string) {
	t.Helper()
	retry := s.post(t, "/payments", key, fiveEuros)
	require.Equal(t, http.StatusConflict, retry.status, retry.body)
	require.Contains(t, retry.body, cnerium.ProblemOutcomeUnknown)
	held := s.held(t)
	require.Len(t, held, 1)
	require.Equal(t, OpCreatePayment, held[0].Operation)
	require.Equal(t, key, held[0].Key)
	require.Equal(t, 1, held[0].Attempt)
	require.False(t, held[0].Since.IsZero())
}

func TestPaymentThatDiedAfterItsChargeIsHeldAndStoredByTheOperator(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		r := &recorder{dies: 1}
		s := open(t, place, r)
		require.Equal(t, http.StatusInternalServerError, s.post(t, "/payments", "k7", fiveEuros).status)
		requireHeld(t, s, "k7")

		s.settle(t, http.StatusNoContent, `{"operation":"payments.create","key":"k7","action":"store","status":201,"body":{"ok":true}}`)
		require.Empty(t, s.held(t))
		retry := s.post(t, "/payments", "k7", fiveEuros)
		require.Equal(t, http.StatusCreated, retry.status)
		require.Equal(t, `{"ok":true}`, retry.body)
		require.Equal(t, "true", retry.replayed())
		require.Equal(t, []string{"k7"}, r.seen())
	})
}

func TestPaymentThatIsReleasedRunsAgainAndChargesOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		r := &recorder{dies: 1}
		s := open(t, place, r)
		require.Equal(t, http.StatusInternalServerError, s.post(t, "/payments", "k7", fiveEuros).status)
		requireHeld(t, s, "k7")

		const release = `{"operation":"payments.create","key":"k7","action":"release"}`
		s.settle(t, http.StatusNoContent, release)
		s.settle(t, http.StatusConflict, release) // it is no longer unknown
		retry := s.post(t, "/payments", "k7", fiveEuros)
		require.Equal(t, http.StatusCreated, retry.status)
		require.Contains(t, retry.body, `"reference":"ch_1"`)
		require.Empty(t, retry.replayed())
		require.Equal(t, []string{"k7", "k7"}, r.seen())
		require.Len(t, r.provider.charges, 1)
	})
}

func TestInvalidPaymentsReachNoProvider(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		r := &recorder{}
		s := open(t, place, r)
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
	})
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
