package main

import (
	"context"
	"fmt"

	"github.com/cnerium/cnerium-go/generator"
)

// version prints the version.
func version(_ context.Context, c *command) (bool, error) {
	fmt.Fprintln(&c.out, "cneriumgen", generator.Version())
	return true, nil
}
