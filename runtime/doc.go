// Package cnerium makes chosen write routes of a net/http application safe to
// retry: a client sends an Idempotency-Key with its request, the handler runs
// once, its response is stored, and a retry is answered with that response.
//
// An application attaches to its router, registers its durable routes (by the
// code that cneriumgen generates, or by hand with [App.Handle]), starts, and
// serves:
//
//	mux := http.NewServeMux()
//	store, err := sqlitestore.Open(ctx, "orders.db", nil)
//	app := cnerium.Attach(mux, store, nil)
//	orders.RegisterRoutes(app, service)
//	if err := app.Start(ctx); err != nil { … }
//	defer app.Close(ctx)
//	http.ListenAndServe(addr, mux)
//
// The package lives in the folder runtime, because that is what it is beside
// the generator, and is named cnerium, because that is what code that uses it
// should say. It imports the standard library only, and nothing of
// database/sql; a store is chosen by importing it.
package cnerium
