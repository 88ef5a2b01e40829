// Package sse carries committed events to browsers over Server-Sent Events,
// with the standard library alone: one response that does not end, which an
// EventSource reads and connects to again by itself.
//
//	events := feed.New(nil)
//	app := cnerium.Attach(mux, store, &cnerium.Options{Publisher: events})
//	mux.Handle("GET /events", sse.Handler(events, nil))
//
// A ws.Hub has a feed, too: with sse.Handler(hub.Feed, nil) the same
// subscribers' rooms, limits and origins serve pages whose network lets no
// WebSocket through.
//
// # The request
//
// GET, with any number of parameters "room", and with the cursor of the last
// event that the client has, if it has one: in the header Last-Event-ID, which
// a browser sends when it connects again, or in the parameter last_event_id for
// its first time. The header wins. What is refused is answered with a problem
// document (RFC 9457): 400 for a malformed query or rooms that cannot be, 403
// for an origin, a client or a room, 503 with Retry-After for too many
// subscribers or a server that starts or stops. Note that an EventSource does
// not come back by itself after such an answer.
//
// A page of another host that [feed.Options].AllowedOrigins lets in gets the
// headers that its browser asks for (CORS), with credentials.
//
// # The stream
//
// An event is a message of the default type, so that onmessage gets it. Its
// data is a CloudEvents 1.0 JSON object, its id the cursor:
//
//	id: 5f3a.12
//	data: {"specversion":"1.0","id":"5f3a.12","type":"order.created",…}
//
// What is told about the subscription itself has a type of its own:
//
//	event: welcome
//	id: 5f3a.11
//	data: {"notice":"welcome","cursor":"5f3a.11","recovered":true}
//
// "welcome" comes first, in every stream. With "recovered": true everything
// that was missed follows; with false some of it is no longer kept, and the page
// has to read anew what it shows. "position" tells, after a while without an
// event for this client, that there was none up to its cursor. When there is
// nothing to tell, a comment line keeps the connection open.
//
// # The end
//
// A stream ends when the client leaves, falls too far behind, does not take a
// write in time, or when the App closes. In each case the client comes back with
// its cursor and misses nothing.
//
// [http.Server.Shutdown] waits for every stream and ends none. So call App.Close
// first, which ends them all, and then Shutdown.
//
// # In front of it
//
// The response asks a proxy not to buffer and not to keep it. Middleware that
// wraps the writer needs a method Unwrap or Flush (see
// [http.ResponseController]) and must not collect what is written, as those that
// compress often do.
package sse
