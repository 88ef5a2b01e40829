package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
)

// Order is one row of the table.
type Order struct {
	Row       int64  `json:"row"`
	OrderID   string `json:"order_id"`
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
	Status    string `json:"status"`
	CreatedAt string `json:"created_at"` // RFC 3339
}

// scan reads the columns of selectOrders.
func (o *Order) scan(scan func(...any) error) error {
	return scan(&o.Row, &o.OrderID, &o.ProductID, &o.Quantity, &o.Status, &o.CreatedAt)
}

const (
	selectOrders = `SELECT row, order_id, product_id, quantity, status, created_at FROM orders`
	allOrders    = selectOrders + ` ORDER BY row`
	oneOrder     = selectOrders + ` WHERE order_id = ? ORDER BY row LIMIT 1`
)

// listOrders answers GET /orders with every row.
func (s *Service) listOrders(w http.ResponseWriter, r *http.Request) {
	orders, err := s.orders(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Orders []Order `json:"orders"`
	}{orders})
}

func (s *Service) orders(r *http.Request) ([]Order, error) {
	rows, err := s.db.QueryContext(r.Context(), allOrders)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err has what matters
	orders := []Order{}                 // not null in JSON
	for rows.Next() {
		var o Order
		if err := o.scan(rows.Scan); err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, rows.Err()
}

// getOrder answers GET /orders/{id}.
func (s *Service) getOrder(w http.ResponseWriter, r *http.Request) {
	var o Order
	id := r.PathValue("id")
	err := o.scan(s.db.QueryRowContext(r.Context(), oneOrder, id).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		writeProblem(w, http.StatusNotFound, "there is no order "+id)
	case err != nil:
		s.fail(w, r, err)
	default:
		writeJSON(w, http.StatusOK, o)
	}
}

// fail answers for an error that is nobody's business but the log's.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("path", r.URL.Path), slog.String("error", err.Error()))
	}
	writeProblem(w, http.StatusInternalServerError, "")
}

// writeProblem answers with a problem document, as durable routes do.
func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	writeJSON(w, status, struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{"about:blank", http.StatusText(status), status, detail})
}

// writeJSON answers with v, which must be something that can be encoded.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone asks again
}
