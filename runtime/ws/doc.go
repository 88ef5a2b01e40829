// Package ws sends committed events to browsers over WebSocket.
//
// A [Hub] is the publisher of a [cnerium.App] and a handler on the
// application's own router:
//
//	hub := ws.NewHub(nil)
//	app := cnerium.Attach(mux, store, &cnerium.Options{Publisher: hub})
//	mux.Handle("GET /ws", hub)
//
// What follows is the protocol, for who writes a client. All messages are
// text: one JSON object each.
//
// # Connecting
//
// The address takes the parameter room, as often as there are rooms to join,
// and the parameter last_event_id with the cursor of the last message that the
// client got on an earlier connection: GET /ws?room=a&room=b&last_event_id=….
// A client that can set headers may send the cursor as Last-Event-ID. There
// are no subprotocols, and messages are not compressed.
//
// A refusal comes before the handshake, as a problem document: 400 for a
// malformed query, for rooms without a name, with one of more than 255 bytes,
// or for more than 100 of them; 403 for an origin or a room that is not allowed; 503 with Retry-After
// when the server is starting, stopping or full; or what the application's
// Authorize says.
//
// # From the server
//
// An object with the member "notice" is about the connection, any other is an
// event: a CloudEvents 1.0 JSON object with the extensions cursor and, when it
// is for a room, room. A client should pass over members and notices that it
// does not know. The notices are
//
//	{"notice":"welcome","cursor":"…","recovered":true,"rooms":["a"]}
//	{"notice":"subscribed","rooms":["a"],"cursor":"…"}
//	{"notice":"unsubscribed","rooms":["a"],"cursor":"…"}
//	{"notice":"position","cursor":"…"}
//	{"notice":"error","detail":"…"}
//
// The welcome is the first message. It has "recovered" only for a client that
// came with a cursor: with true, everything after that cursor follows; with
// false, the server does not know the cursor any more, the client begins anew,
// and has to fetch by other means what it wants to know of the past.
//
// A position says that there was nothing for the client up to its cursor. An
// error answers a message that the server understood and did not follow.
//
// # Cursors
//
// A cursor is opaque text. The client keeps the one of the latest message that
// has one, whatever kind of message that is, and comes back with it. Events
// arrive in the order of their commits. A client gets one twice only if it
// comes back with an older cursor than it could have; the pair of source and
// id tells.
//
// The rooms are not part of a cursor: a client names them again when it comes
// back. Joining a room brings what is published from then on.
//
// # From the client
//
//	{"action":"subscribe","rooms":["a","b"]}
//	{"action":"unsubscribe","rooms":["a"]}
//
// Each is answered with the notice "subscribed" or "unsubscribed", or with
// "error", and then none of its rooms was joined. A message has at most 32 KiB.
// A client may send 200 messages at once, and 20 a second in the long run.
//
// # The end of a connection
//
//	1001 the server is going away: connect again with the cursor
//	1003 the client has sent a binary message
//	1007 the client has sent what is not JSON, or not UTF-8
//	1008 the client has sent JSON that is none of the messages above, or too many
//	1009 the client has sent a message of more than 32 KiB
//	1011 what was missed cannot be read now: connect again with the cursor, later
//	1013 the client is too far behind: come back at once with the cursor
//
// The server sends pings; a client that answers none, or takes nothing that is
// sent to it, within [Options].WriteTimeout, is cut off. So is, when the App
// closes and its time is over, whoever is still connected. After each end
// whose reason is not the client's own messages, it should connect again with
// its cursor, after a random pause that grows with each failure.
package ws
