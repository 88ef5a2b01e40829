// Package ws sends committed events to browsers over WebSocket.
//
// A [Hub] is the publisher of a [cnerium.App] and a handler on the
// application's own router:
//
//	hub := ws.NewHub(nil)
//	app := cnerium.Attach(mux, store, &cnerium.Options{Publisher: hub})
//	mux.Handle("GET /ws", hub)
//
// Each event is one text message: a CloudEvents 1.0 JSON object. An event
// without a room goes to every client; an event with a room goes to those that
// joined it, with GET /ws?room=a&room=b, where [Options].Authorize let them.
//
// A client gets what is published while it is connected. The hub never waits
// for a slow client: one that falls behind is closed with status 1013 (try
// again later), a client of a hub that closes with 1001 (going away), and a
// client that sends a message with 1008 (policy violation), because this
// version takes none.
package ws
