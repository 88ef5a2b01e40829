// Package feed hands committed events to subscribers that come and go. It is
// what package ws carries over WebSocket and package sse over Server-Sent
// Events; both, and any other carrier, can share one [Feed].
//
// A feed is the broadcaster of a [cnerium.App]:
//
//	events := feed.New(nil)
//	app := cnerium.Attach(mux, store, &cnerium.Options{Publisher: events})
//	mux.Handle("GET /events", sse.Handler(events, nil))
//
// # What a subscriber gets
//
// First the notice "welcome" with its cursor, which is its place in the order
// of commits. Then every event after that cursor that has no room or one of
// its rooms, each with its own cursor, in the order of their commits, none
// twice and none left out. An event is a CloudEvents 1.0 JSON object; a notice
// is a JSON object with a member "notice".
//
// A subscriber that comes with a cursor gets what it has missed, from memory
// or from the store, and then what is new. The welcome tells it
// "recovered": true. When what it missed is no longer kept, or the cursor is
// of another store, it is told "recovered": false and begins now. There is
// never a silent gap.
//
// # Slow subscribers
//
// Publishing waits for nobody. What waits for one subscriber is bounded in
// number and bytes; one that falls further behind is ended with [ErrTooSlow],
// and finds what it missed by its cursor when it comes back.
package feed
