// Package browser serves the JavaScript module with which a page listens to
// committed events:
//
//	mux.Handle("GET /ws", hub)
//	mux.Handle("GET /events", sse.Handler(hub.Feed, nil))
//	mux.Handle("GET /cnerium.js", browser.Module())
//
// A page imports it from there; nothing has to be installed or built:
//
//	import { connect } from "/cnerium.js";
//
//	const events = connect({ ws: "/ws", sse: "/events" });
//	events.addEventListener("order.created", (e) => show(e.detail.data));
//	events.addEventListener("gap", () => reloadEverything());
//
// The module connects over WebSocket, or over Server-Sent Events where
// WebSocket is blocked. It comes back after each interruption with the cursor
// of what it has seen, and hands each event to the page once. When the server
// no longer keeps what was missed, the page is told by "gap". The comments in
// cnerium.js describe its options and what it dispatches.
//
// A browser opens at most six connections to a host over HTTP/1.1, and each
// Server-Sent Events stream is one of them. Where many tabs have to do without
// WebSocket, serve HTTP/2.
//
// The module works under the Content-Security-Policy
// "default-src 'none'; script-src 'self'; connect-src 'self'".
package browser

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed cnerium.js
var module []byte

// Module returns the handler of the module. It answers GET and HEAD under
// whatever path it is registered, and is safe for concurrent use. Browsers keep
// the module and ask each time whether it is still the one of the running
// program, so a page never works with that of an older one.
func Module() http.Handler {
	sum := sha256.Sum256(module)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		// Set here, because the tables of some systems give scripts a type
		// that browsers refuse.
		header.Set("Content-Type", "text/javascript; charset=utf-8")
		header.Set("Cache-Control", "no-cache")
		header.Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(module))
	})
}
