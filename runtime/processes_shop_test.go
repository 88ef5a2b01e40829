package cnerium_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// The operations of a shop, one for each mode of the guarantee.
const (
	opOrder    = "orders.create"    // transactional
	opPayment  = "payments.create"  // plain, hold
	opShipment = "shipments.create" // plain, rerun
)

// shopPaths are the paths of the operations.
var shopPaths = map[string]string{opOrder: "/orders", opPayment: "/payments", opShipment: "/shipments"}

// shopEvents are the types of the events that the operations emit.
var shopEvents = map[string]string{opOrder: "order.created", opPayment: "payment.made", opShipment: "shipment.sent"}

// shopConfig is what a shop is told on the first line of its standard input.
type shopConfig struct {
	File      string // the database
	World     string // what plain handlers do outside: one line for each execution
	Published string // the events that were published, one line each; "" for no publisher
	Lease     time.Duration
	Wait      time.Duration

	Step  step  // where the process kills itself; zero for nowhere
	Count int64 // at which time

	Gate     bool  // plain handlers stay inside until somebody posts to /gate
	Renewals int64 // or until their leases were renewed so often
}

// effect is what an execution did, and its answer. No two executions have the
// same mark.
type effect struct {
	Operation string `json:"operation"`
	Key       string `json:"key"`
	Attempt   int    `json:"attempt"`
	Number    int64  `json:"number,omitempty"` // of the order's row
	Mark      string `json:"mark"`
}

// shop is an application with three durable routes on one SQLite file.
type shop struct {
	config shopConfig
	db     *sql.DB
	store  *steppedStore
	app    *cnerium.App
	mux    *http.ServeMux
	world  *os.File

	inside   chan string // the keys of handlers that stay inside
	gate     chan struct{}
	openGate func()
}

const createOrders = `
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL)`

// openShop opens the files and starts the application.
func openShop(ctx context.Context, config shopConfig) (*shop, error) {
	s := &shop{config: config, mux: http.NewServeMux(), inside: make(chan string, 64), gate: make(chan struct{})}
	s.openGate = sync.OnceFunc(func() { close(s.gate) })
	steps := &steps{armed: config.Step}
	steps.left.Store(config.Count)
	var err error
	if s.world, err = appendTo(config.World); err != nil {
		return nil, err
	}
	if s.db, err = sqlitestore.OpenDB(ctx, config.File); err != nil {
		return nil, err
	}
	if _, err := s.db.ExecContext(ctx, createOrders); err != nil {
		return nil, err
	}
	store, err := sqlitestore.New(ctx, s.db, nil)
	if err != nil {
		return nil, err
	}
	s.store = &steppedStore{Store: store, steps: steps, renewed: make(chan struct{}, 1024)}
	opts := &cnerium.Options{Logger: slog.New(slog.DiscardHandler)}
	if config.Published != "" {
		file, err := appendTo(config.Published)
		if err != nil {
			return nil, err
		}
		opts.Publisher = filePublisher{file}
	}
	s.app = cnerium.Attach(s.mux, s.store, opts)
	s.routes()
	return s, s.app.Start(ctx)
}

func (s *shop) routes() {
	handlers := map[string]cnerium.Handler{opOrder: s.order, opPayment: s.outside, opShipment: s.outside}
	for operation, path := range shopPaths {
		route := cnerium.Route{
			Pattern: "POST " + path, Operation: operation, Handler: handlers[operation],
			Lease: s.config.Lease, Wait: s.config.Wait,
		}
		switch operation {
		case opOrder:
			route.Transaction = sqlitestore.Transaction
		case opShipment:
			route.Recover = cnerium.Rerun
		}
		s.app.Handle(route)
	}
	s.mux.HandleFunc("POST /gate", func(http.ResponseWriter, *http.Request) { s.openGate() })
}

// order writes into the application's own table in the transaction that
// stores the response.
func (s *shop) order(req *cnerium.Request) (*cnerium.Response, error) {
	s.store.steps.reach(opOrder, insideBefore)
	done := newEffect(req)
	const insert = `INSERT INTO orders (key) VALUES (?) RETURNING number`
	row := sqlitestore.TxFrom(req.Context()).QueryRowContext(req.Context(), insert, req.Key())
	if err := row.Scan(&done.Number); err != nil {
		return nil, err
	}
	s.store.steps.reach(opOrder, insideAfter)
	return done.announced(req)
}

// outside has its effect where no transaction reaches.
func (s *shop) outside(req *cnerium.Request) (*cnerium.Response, error) {
	s.store.steps.reach(req.Operation(), insideBefore)
	done := newEffect(req)
	line, err := json.Marshal(done)
	if err != nil {
		return nil, err
	}
	if _, err := s.world.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	s.store.steps.reach(req.Operation(), insideAfter)
	s.linger(req)
	return done.announced(req)
}

// linger keeps the handler inside for as long as the shop's config says.
func (s *shop) linger(req *cnerium.Request) {
	if s.config.Gate || s.config.Renewals > 0 {
		s.inside <- req.Key()
	}
	if s.config.Gate {
		<-s.gate
	}
	for range s.config.Renewals {
		<-s.store.renewed
	}
}

func newEffect(req *cnerium.Request) effect {
	return effect{Operation: req.Operation(), Key: req.Key(), Attempt: req.Attempt(), Mark: rand.Text()}
}

// announced emits the effect and answers with it.
func (e effect) announced(req *cnerium.Request) (*cnerium.Response, error) {
	if err := cnerium.Emit(req.Context(), shopEvents[e.Operation], e); err != nil {
		return nil, err
	}
	return cnerium.Created(e)
}

func (s *shop) close(ctx context.Context) error {
	return errors.Join(s.app.Close(ctx), s.db.Close(), s.world.Close())
}

// appendTo opens a file to which several processes append whole lines.
func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// filePublisher appends the ID of each event to a file.
type filePublisher struct{ file *os.File }

func (p filePublisher) Publish(_ context.Context, events []cnerium.Event) error {
	var lines []byte
	for _, e := range events {
		lines = append(lines, e.ID...)
		lines = append(lines, '\n')
	}
	_, err := p.file.Write(lines)
	return err
}

// runShop is the whole life of a shop's process. It ends when the standard
// input does, so none is left over when the tests die.
func runShop(stdin io.Reader) error {
	in := bufio.NewReader(stdin)
	line, err := in.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return nil // a spare that was not needed
	}
	var config shopConfig
	if err := errors.Join(err, json.Unmarshal(line, &config)); err != nil {
		return err
	}
	hookConnections()
	ctx := context.Background()
	s, err := openShop(ctx, config)
	if err != nil {
		return err
	}
	commitSteps.Store(s.store.steps)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.store.steps.beforeReply(s.mux)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Println("listening", listener.Addr())
	go func() {
		for key := range s.inside {
			fmt.Println("inside", key)
		}
	}()
	_, err = io.Copy(io.Discard, in)
	s.openGate()
	err = errors.Join(err, server.Shutdown(ctx), s.close(ctx))
	if serving := <-served; !errors.Is(serving, http.ErrServerClosed) {
		err = errors.Join(err, serving)
	}
	return err
}
