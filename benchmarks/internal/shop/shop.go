// Package shop has the handler that every server of the benchmarks runs:
// POST /orders, which decodes a JSON body and answers 201 with about 120 bytes
// of JSON.
package shop

import (
	"encoding/json"
	"errors"
	"net/http"
)

// KeyHeader is the field that carries the client's key.
const KeyHeader = "Idempotency-Key"

// Request is the body of POST /orders.
type Request struct {
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
}

// Validate refuses an order of nothing.
func (r Request) Validate() error {
	if r.ProductID == "" || r.Quantity <= 0 {
		return errors.New("an order needs product_id and a quantity above zero")
	}
	return nil
}

// Created is the answer to POST /orders, and the data of its event.
type Created struct {
	OK        bool   `json:"ok"`
	OrderID   string `json:"order_id"`
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
	Status    string `json:"status"`
}

// Place makes the answer. The order is named by the key of its request.
func Place(key string, in Request) *Created {
	return &Created{OK: true, OrderID: "ord_" + key, ProductID: in.ProductID, Quantity: in.Quantity, Status: "accepted"}
}

// Handle is the bare handler: what an application does that takes no care of
// retries. It is safe for concurrent use.
func Handle(w http.ResponseWriter, r *http.Request) {
	var in Request
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := in.Validate(); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	body, err := json.Marshal(Place(r.Header.Get(KeyHeader), in))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body) // the client may have left
}
