package main

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
)

func TestRetryGetsTheSameAnswerAndPlacesNoSecondOrder(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		first := s.post(t, "/orders", "k1", twoOfP1)
		require.Equal(t, http.StatusCreated, first.status)
		require.Equal(t, "application/json", first.header.Get("Content-Type"))
		require.Equal(t, twoOfP1Answer, first.body)
		require.Empty(t, first.replayed())

		second := s.post(t, "/orders", "k1", twoOfP1)
		require.Equal(t, first.status, second.status)
		require.Equal(t, first.body, second.body)
		require.Equal(t, first.header.Get("Content-Type"), second.header.Get("Content-Type"))
		require.Equal(t, "true", second.replayed())
		require.Len(t, s.rows(t), 1)
	})
}

func TestKeyWithAnotherBodyConflicts(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		s.post(t, "/orders", "k1", twoOfP1)
		r := s.post(t, "/orders", "k1", `{"product_id":"p1","quantity":3}`)
		require.Equal(t, http.StatusConflict, r.status)
		require.Contains(t, r.detail(t), "different request body")
		require.Empty(t, r.replayed())
		require.Len(t, s.rows(t), 1)
	})
}

func TestRequestWithoutKeyIsRefused(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		r := s.post(t, "/orders", "", twoOfP1)
		require.Equal(t, http.StatusBadRequest, r.status)
		require.Contains(t, r.detail(t), "Idempotency-Key")
		require.Empty(t, s.rows(t))
	})
}

func TestRetryAfterRestartIsReplayed(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		first := s.post(t, "/orders", "k1", twoOfP1)
		s.stop()

		s = open(t, place, &fakeProvider{})
		second := s.post(t, "/orders", "k1", twoOfP1)
		require.Equal(t, http.StatusCreated, second.status)
		require.Equal(t, first.body, second.body)
		require.Equal(t, "true", second.replayed())
		require.Len(t, s.rows(t), 1)
	})
}

func TestParallelDuplicatesPlaceOneOrder(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		const duplicates = 64
		s := open(t, place, &fakeProvider{})
		replies, failures := make([]reply, duplicates), make([]error, duplicates)
		var all sync.WaitGroup
		for i := range duplicates {
			all.Go(func() {
				// A reader of unknown length is sent in chunks.
				body := struct{ io.Reader }{strings.NewReader(twoOfP1)}
				req, err := postRequest(t.Context(), s.url+"/orders", "", body)
				if err != nil {
					failures[i] = err
					return
				}
				req.Header = http.Header{"idempotency-key": {"k1"}, "content-type": {"application/json"}} // as they are
				replies[i], failures[i] = send(req)
			})
		}
		all.Wait()
		executed := 0
		for i, r := range replies {
			require.NoError(t, failures[i])
			require.Equal(t, http.StatusCreated, r.status)
			require.Equal(t, twoOfP1Answer, r.body)
			if r.replayed() == "" {
				executed++
			}
		}
		require.Equal(t, 1, executed)
		require.Len(t, s.rows(t), 1)
	})
}

func TestInvalidOrdersAreRefusedAndTheirKeyStaysFree(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		for body, detail := range map[string]string{
			`{"quantity":2}`:                    "Missing required field: product_id",
			`{"product_id":"","quantity":2}`:    "Missing required field: product_id",
			`{}`:                                "Missing required field: product_id",
			`{"product_id":"p1"}`:               "Field quantity must be greater than zero",
			`{"product_id":"p1","quantity":0}`:  "Field quantity must be greater than zero",
			`{"product_id":"p1","quantity":-1}`: "Field quantity must be greater than zero",
		} {
			r := s.post(t, "/orders", "k1", body)
			require.Equal(t, http.StatusBadRequest, r.status, body)
			require.Equal(t, detail, r.detail(t), body)
			require.Empty(t, r.replayed(), body)
		}
		require.Empty(t, s.rows(t))
		require.Equal(t, twoOfP1Answer, s.post(t, "/orders", "k1", twoOfP1).body)
	})
}

func TestOrdersAreListedInRows(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		require.Equal(t, `{"orders":[]}`, s.get(t, "/orders").body)
		s.post(t, "/orders", "k1", twoOfP1)
		s.post(t, "/orders", "k2", `{"product_id":"p2","quantity":1}`)

		rows := s.rows(t)
		require.Len(t, rows, 2)
		for i := range rows {
			require.NotEmpty(t, rows[i].CreatedAt)
			rows[i].CreatedAt = ""
		}
		require.Equal(t, api.Order{Row: 1, OrderID: "ord_k1", ProductID: "p1", Quantity: 2, Status: "placed"}, rows[0])
		require.Equal(t, api.Order{Row: 2, OrderID: "ord_k2", ProductID: "p2", Quantity: 1, Status: "placed"}, rows[1])
	})
}

func TestOneOrderIsFoundByItsID(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		s.post(t, "/orders", "a/b", twoOfP1)
		r := s.get(t, "/orders/ord_a%2Fb")
		require.Equal(t, http.StatusOK, r.status)
		require.Contains(t, r.body, `"order_id":"ord_a/b"`)

		r = s.get(t, "/orders/ord_none")
		require.Equal(t, http.StatusNotFound, r.status)
		require.Equal(t, "there is no order ord_none", r.detail(t))
	})
}

func TestCancelIsStoredAndReplayed(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		s.post(t, "/orders", "k1", twoOfP1)
		first := s.post(t, "/orders/ord_k1/cancel", "k1", "") // keys of two operations do not meet
		require.Equal(t, http.StatusOK, first.status)
		require.Equal(t, `{"ok":true,"order_id":"ord_k1","status":"cancelled"}`, first.body)
		require.Equal(t, "cancelled", s.rows(t)[0].Status)

		second := s.post(t, "/orders/ord_k1/cancel", "k1", "")
		require.Equal(t, first.body, second.body)
		require.Equal(t, "true", second.replayed())
	})
}

func TestCancelOfUnknownOrderIsNotFound(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		r := s.post(t, "/orders/ord_none/cancel", "k1", "")
		require.Equal(t, http.StatusNotFound, r.status)
		require.Equal(t, "there is no order ord_none", r.detail(t))
	})
}
