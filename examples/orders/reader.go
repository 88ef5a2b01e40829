package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
)

// reader has the ordinary routes, which change nothing.
type reader struct {
	backend backend
	log     *slog.Logger
}

// listOrders answers GET /orders with every row.
func (s *reader) listOrders(w http.ResponseWriter, r *http.Request) {
	orders, err := s.backend.Orders(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Orders []api.Order `json:"orders"`
	}{orders})
}

// getOrder answers GET /orders/{id}.
func (s *reader) getOrder(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	order, err := s.backend.Order(r.Context(), id)
	switch {
	case errors.Is(err, api.ErrNoOrder):
		writeProblem(w, http.StatusNotFound, "there is no order "+id)
	case err != nil:
		s.fail(w, r, err)
	default:
		writeJSON(w, http.StatusOK, order)
	}
}

// fail answers for an error that is nobody's business but the log's.
func (s *reader) fail(w http.ResponseWriter, r *http.Request, err error) {
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
