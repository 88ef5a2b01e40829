package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// operator is the door for the person who settles payments that a crash left
// with an unknown outcome.
type operator struct {
	app    *cnerium.App
	reader *reader
}

// registerOperator registers the routes of the operator. They are ordinary
// ones: settling twice is refused by the record itself.
func registerOperator(mux *http.ServeMux, app *cnerium.App, read *reader) {
	o := &operator{app: app, reader: read}
	mux.Handle("GET /admin/unknown", thisMachineOnly(o.list))
	mux.Handle("POST /admin/unknown/resolve", thisMachineOnly(o.resolve))
}

// thisMachineOnly lets in what a person at this machine sends, and no page of
// another site in that person's browser. For an example that is enough; a real
// application asks who it is that wants to decide about money.
func thisMachineOnly(next http.HandlerFunc) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.RemoteAddr) || !isLoopback(r.Host) {
			writeProblem(w, http.StatusForbidden, "only from the machine that this runs on")
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// Held is a request whose outcome is unknown.
type Held struct {
	Operation string    `json:"operation"`
	Key       string    `json:"key"`
	Since     time.Time `json:"since"`
	Attempt   int       `json:"attempt"`
}

const maxHeld = 100

// list answers with the oldest of those that are held.
func (o *operator) list(w http.ResponseWriter, r *http.Request) {
	records, err := o.app.Unknown(r.Context(), maxHeld)
	if err != nil {
		o.reader.fail(w, r, err)
		return
	}
	held := []Held{} // not null in JSON
	for _, rec := range records {
		held = append(held, Held{rec.ID.Operation, rec.ID.Key, rec.Since.UTC(), rec.Attempt})
	}
	writeJSON(w, http.StatusOK, struct {
		Unknown []Held `json:"unknown"`
	}{held})
}

// Resolution is what the operator has found out.
type Resolution struct {
	Operation string          `json:"operation"`
	Key       string          `json:"key"`
	Action    string          `json:"action"` // release or store
	Status    int             `json:"status"` // of the answer to store
	Body      json.RawMessage `json:"body"`   // of the answer to store
}

// fault says what is wrong with a resolution, or "".
func (r *Resolution) fault() string {
	switch {
	case !slices.Contains([]string{OpCreateOrder, OpCancelOrder, OpCreatePayment}, r.Operation):
		return "there is no operation " + r.Operation
	case r.Action != "release" && r.Action != "store":
		return "action must be release or store"
	case r.Action == "store" && (r.Status < 200 || r.Status > 299 || len(r.Body) == 0):
		return "an answer to store needs a status from 200 to 299 and a body"
	}
	return ""
}

// resolve settles one: release frees the key, and the client's next retry runs
// the handler; store gives each retry this answer, as if the handler had
// returned it.
func (o *operator) resolve(w http.ResponseWriter, r *http.Request) {
	var in Resolution
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
		writeProblem(w, http.StatusBadRequest, "the body is not a resolution in JSON")
		return
	}
	if fault := in.fault(); fault != "" {
		writeProblem(w, http.StatusBadRequest, fault)
		return
	}
	var resp *cnerium.Response // none: release
	if in.Action == "store" {
		resp = cnerium.Bytes(in.Status, "application/json", in.Body)
	}
	err := o.app.Resolve(r.Context(), cnerium.ID{Operation: in.Operation, Key: in.Key}, resp)
	switch {
	case errors.Is(err, cnerium.ErrNotUnknown):
		writeProblem(w, http.StatusConflict, "the outcome of this request is not unknown")
	case err != nil:
		o.reader.fail(w, r, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
