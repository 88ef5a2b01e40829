package goclient_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/goclient/testdata/shop"
	"github.com/cnerium/cnerium-go/generator/goclient/testdata/types"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/client"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// newShop starts a server with the operations of the contract shop, whose
// handlers tell what they have got.
func newShop(t *testing.T) *shop.Client {
	t.Helper()
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	handle := func(pattern, operation string, handler cnerium.Handler) {
		app.Handle(cnerium.Route{Pattern: pattern, Operation: operation, Handler: handler})
	}
	handle("POST /orders", shop.OpCreateOrder, func(r *cnerium.Request) (*cnerium.Response, error) {
		var in struct {
			ProductID string `json:"product_id"`
			Quantity  int    `json:"quantity"`
		}
		if err := r.DecodeJSON(&in); err != nil {
			return nil, err
		}
		order := map[string]any{"order_id": "o1", "product_id": in.ProductID, "quantity": in.Quantity, "status": "placed"}
		if err := cnerium.Emit(r.Context(), shop.EventOrderCreated, order); err != nil {
			return nil, err
		}
		return cnerium.JSON(http.StatusCreated, order)
	})
	handle("POST /orders/{id}/cancel", shop.OpCancelOrder, func(r *cnerium.Request) (*cnerium.Response, error) {
		return cnerium.JSON(http.StatusOK, map[string]any{"order_id": r.PathValue("id"), "status": "cancelled"})
	})
	handle("PATCH /orders/{id}", shop.OpUpdateOrder, func(r *cnerium.Request) (*cnerium.Response, error) {
		text := r.PathValue("id") + "?" + r.URL.RawQuery + " " + r.Header.Get("X-Source") + r.Header.Get("X-Since") + " " + string(r.Body())
		return cnerium.JSON(http.StatusOK, map[string]any{"note": text})
	})
	handle("DELETE /orders/{id}", shop.OpDeleteOrder, func(r *cnerium.Request) (*cnerium.Response, error) {
		if r.PathValue("id") != "o1" {
			return nil, cnerium.NotFound("there is no such order")
		}
		return cnerium.NoContent(), nil
	})
	handle("PUT /files/{path...}", "files.put", func(r *cnerium.Request) (*cnerium.Response, error) {
		return cnerium.Text(http.StatusAccepted, r.PathValue("path")), nil
	})
	require.NoError(t, app.Start(t.Context()))
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, app.Close(context.Background()))
	})
	c, err := shop.New(server.URL, nil)
	require.NoError(t, err)
	return c
}

func TestClientCallsTheRuntime(t *testing.T) {
	t.Parallel()
	c := newShop(t)
	in := shop.CreateOrder{ProductID: "p1", Quantity: 2}
	order, meta, err := c.CreateOrder(t.Context(), in, nil)
	require.NoError(t, err)
	require.Equal(t, &shop.Order{OrderID: "o1", ProductID: "p1", Quantity: 2, Status: shop.StatusPlaced}, order)
	require.Equal(t, http.StatusCreated, meta.Status)
	require.NotEmpty(t, meta.Cursor)
	require.False(t, meta.Replayed)

	again, second, err := c.CreateOrder(t.Context(), in, &client.Call{Key: meta.Key})
	require.NoError(t, err)
	require.Equal(t, order, again)
	require.True(t, second.Replayed)

	in.Quantity = 3
	_, _, err = c.CreateOrder(t.Context(), in, &client.Call{Key: meta.Key})
	require.ErrorIs(t, err, client.ErrKeyReused)
}

func TestEachPlaceOfARequestIsFilled(t *testing.T) {
	t.Parallel()
	c := newShop(t)
	order, _, err := c.CancelOrder(t.Context(), "a/b c", nil)
	require.NoError(t, err)
	require.Equal(t, &shop.Order{OrderID: "a/b c", Status: shop.StatusCancelled}, order)

	quantity, none := int64(5), int64(0)
	order, _, err = c.UpdateOrder(t.Context(), shop.UpdateOrder{
		ID: "o1", DryRun: true, Tags: []string{"x", "y&z"}, Limit: &none, Source: "app",
		Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Quantity: &quantity,
	}, nil)
	require.NoError(t, err)
	require.Equal(t, `o1?dry_run=true&limit=0&tag=x&tag=y%26z app2026-01-02T03:04:05Z {"quantity":5}`, *order.Note)
	order, _, err = c.UpdateOrder(t.Context(), shop.UpdateOrder{ID: "o1"}, nil)
	require.NoError(t, err)
	require.Equal(t, `o1?  {"quantity":null}`, *order.Note)
	_, _, err = c.UpdateOrder(t.Context(), shop.UpdateOrder{}, nil)
	require.EqualError(t, err, `orders.update: path value "id": "" cannot be sent: what is empty, . or .. means another path`)

	meta, err := c.DeleteOrder(t.Context(), "o1", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, meta.Status)
	_, err = c.DeleteOrder(t.Context(), "o2", nil)
	require.EqualError(t, err, "orders.delete: 404 Not Found: there is no such order")

	resp, meta, err := c.PutFile(t.Context(), "dir/a b.txt", nil)
	require.NoError(t, err)
	require.Equal(t, "dir/a b.txt", string(resp.Body))
	require.Equal(t, http.StatusAccepted, meta.Status)
}

// TestEveryTypeGoesThereAndBack sends a value with everything in it to a server
// that returns it.
func TestEveryTypeGoesThereAndBack(t *testing.T) {
	t.Parallel()
	var sent []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(sent)
	}))
	t.Cleanup(server.Close)
	c, err := types.New(server.URL, nil)
	require.NoError(t, err)
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	yes, text, at := true, "text", time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	level := types.LevelHigh
	in := types.All{
		Int64: -1 << 63, Uint64: 1<<64 - 1, Float32: 0.1, Count: 3, Maybe: &yes,
		Any: map[string]any{"a": []any{"b", true, nil}}, Raw: json.RawMessage("[9007199254740993]"), Big: huge, BigOrNull: huge, Number: "1e400", Text: "t",
		At: at, AtOrNull: &at, Bytes: []byte{0, 255}, Matrix: [][]float64{{1, 2}, {}}, Fixed: &[3]int64{1, 2, 3},
		Map:      map[string]types.Node{"n": {Children: []types.Node{{}}}},
		ByLevel:  map[types.Level][]string{types.Low: {"x"}},
		ByNumber: map[uint16]*string{7: &text, 8: nil},
		Nodes:    []*types.Node{nil, {Next: &types.Node{}}},
		Level:    &level, Flag: types.On, Amount: huge, Precise: "0.10", Moment: &at, Anything: "x",
		Names: types.Names{"a"}, SameNames: types.SameNames{"b"}, Pair: &types.Pair{"c", "d"},
	}
	in.Inline.X = 1
	out, _, err := c.Echo(t.Context(), in, nil)
	require.NoError(t, err)
	require.Equal(t, &in, out)

	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(sent, &fields))
	for name, want := range map[string]string{
		"count": `"3"`, "maybe": `"true"`, "big": huge.String(), "amount": huge.String(), "number": "1e400", "precise": "0.10",
		"at": `"2026-01-02T03:04:05.000000006Z"`, "bytes": `"AP8="`, "inline": `{"x":1,"y":null}`, "by_level": `{"-1":["x"]}`,
		"uint64": "18446744073709551615", "pair": `["c","d"]`, "empty": "{}", "level": "3", "flag": "true",
	} {
		require.Equal(t, want, string(fields[name]), name)
	}
	_, _, err = c.Echo(t.Context(), types.All{}, nil)
	require.NoError(t, err)
	require.NotContains(t, string(sent), `"at":`)
	require.NotContains(t, string(sent), `"count":`)
	require.NotContains(t, string(sent), `"maybe":`)
	require.Contains(t, string(sent), `"big":null`)
}
