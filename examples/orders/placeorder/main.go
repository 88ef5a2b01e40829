// Command placeorder places an order at the shop, once, whatever happens to the
// network, to the shop or to itself in between:
//
//	go run ./examples/orders/placeorder -product p1 -quantity 2
//
// It keeps the order with its key in a file until there is an answer. When it
// was interrupted, or has given up, run it again: by the key the shop knows
// whether it has placed the order already.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/cnerium/cnerium-go/examples/orders/ordersclient"
	"github.com/cnerium/cnerium-go/runtime/client"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings as parameters. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("placeorder", flag.ContinueOnError)
	flags.SetOutput(stderr)
	url := flags.String("url", "http://127.0.0.1:8080", "address of the shop")
	file := flags.String("file", "placeorder.json", "`file` that keeps the order until there is an answer")
	var order ordersclient.OrderRequest
	flags.StringVar(&order.ProductID, "product", "p1", "what to order")
	flags.Int64Var(&order.Quantity, "quantity", 1, "how many of it")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := place(ctx, *url, *file, order, stdout); err != nil {
		_, _ = fmt.Fprintln(stderr, "placeorder:", err) // the exit code says it, too
		return 1
	}
	return 0
}

// place places an order and prints the answer. The file is there for as long as
// it is not known how the order ends.
func place(ctx context.Context, url, file string, order ordersclient.OrderRequest, stdout io.Writer) error {
	shop, err := ordersclient.New(url, nil)
	if err != nil {
		return err
	}
	kept, err := keep(file, order)
	if err != nil {
		return err
	}
	answer, meta, err := shop.CreateOrder(ctx, kept.Order, &client.Call{Key: kept.Key})
	if failed, ok := errors.AsType[*client.Error](err); ok && failed.Pending() {
		return fmt.Errorf("%w: the order may have been placed, or not; run this again to know, or to place it", err)
	}
	if err == nil {
		how := "placed"
		if meta.Replayed {
			how = "placed before"
		}
		_, err = fmt.Fprintf(stdout, "%s: %s, %d of %s\n", answer.OrderID, how, answer.Quantity, answer.ProductID)
	}
	return errors.Join(err, os.Remove(file))
}
