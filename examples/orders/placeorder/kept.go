package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/cnerium/cnerium-go/examples/orders/ordersclient"
	"github.com/cnerium/cnerium-go/runtime/client"
)

// kept is an order that has no answer yet. A program with a database keeps this
// there, beside what the order is for.
type kept struct {
	Key   string                    `json:"key"`
	Since time.Time                 `json:"since"`
	Order ordersclient.OrderRequest `json:"order"`
}

// forgotten is how old a key may be. The shop keeps it for a day.
const forgotten = 23 * time.Hour

// keep returns what an earlier run has left in the file, or else writes it: when
// keep returns, the key is there, and only then may the order be sent.
func keep(file string, order ordersclient.OrderRequest) (kept, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		k := kept{Key: client.NewKey(), Since: time.Now(), Order: order}
		return k, k.write(file)
	}
	if err != nil {
		return kept{}, err
	}
	var k kept
	switch err := json.Unmarshal(text, &k); {
	case err != nil:
		return kept{}, fmt.Errorf("%s is not complete, so its order has not been sent: delete it", file)
	case k.Order != order:
		return kept{}, fmt.Errorf("%s keeps an order that has no answer yet: finish that first, with -product %s -quantity %d",
			file, k.Order.ProductID, k.Order.Quantity)
	case time.Since(k.Since) > forgotten:
		return kept{}, fmt.Errorf("the order in %s is so old that the shop may have forgotten its key, and would place it again: "+
			"look there for ord_%s, and then delete the file", file, k.Key)
	}
	return k, nil
}

// write writes the file, down to the disk.
func (k kept) write(file string) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}
