package cnerium

import "context"

// Publisher carries committed events to whoever listens. See
// [Options].Publishers.
type Publisher interface {
	// Publish hands over events in the order of their commits. It is called
	// by one goroutine at a time and may take its time: neither requests nor
	// other publishers wait for it. After an error, or a panic, the same
	// events come again, perhaps with further ones behind them, so each event
	// is handed over at least once; its ID tells a repetition. The events may
	// be kept, and must not be changed. The context ends when the App closes;
	// what is left then comes in a last attempt, with the context of
	// App.Close.
	Publish(ctx context.Context, events []Event) error
}

// Broadcaster is a Publisher whose subscribers come and go and know their own
// cursors, such as a hub of browsers: what was published while nobody listened
// need not be published again, because who returns reads it from the history.
// So the store keeps no mark for it. It begins with the first event that is
// committed after Start, in each process that has one.
//
// A Broadcaster serves one App, under one name. Like Publish, its other methods are called by
// one goroutine at a time, and none while another runs.
type Broadcaster interface {
	Publisher

	// Open is called by Start, before the first Publish. The cursor is the
	// place behind which Publish begins: every event after it is handed over,
	// and none before it. An error is that of Start.
	//
	// When Open is called again, events between what was published and the
	// new cursor were missed, because they were removed while the process
	// slept or Publish failed: every subscription must end, so that its
	// subscriber comes back with its own cursor and learns what became of the
	// history. After an error Open is tried again. It is also called again by
	// a Start after one that failed.
	Open(history History, cursor string) error

	// Close is called by App.Close after the last Publish, and ends the
	// subscriptions: it returns when they have ended, or with an error when
	// the context has; App.Close then returns that error. There is no Open
	// after it. The store is still open.
	Close(ctx context.Context) error
}

// History is the part of a store from which missed events are read. Its method
// is that of [Outbox], and safe for concurrent use.
type History interface {
	Events(ctx context.Context, after string, limit int) ([]Event, error)
}
