// Package postgres is the shop on PostgreSQL: the same routes, answers and
// events as on embedded SQLite, for as many nodes as share one database.
//
//	go run ./examples/orders -addr 127.0.0.1:8080 -store postgres://localhost/shop
//	go run ./examples/orders -addr 127.0.0.1:8081 -store postgres://localhost/shop
//
// An order that is sent to one node and retried at the other is placed once,
// and whoever listens to either gets the events of both. Compare orders.go with
// the file of the same name one folder up: the transaction is of another type,
// and so is the SQL. Events are emitted by their names, because the functions
// that are made for them belong to the routes there.
package postgres
