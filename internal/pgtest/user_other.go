//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

func (c *cluster) unprivileged(*exec.Cmd) error {
	return errors.New("a throwaway cluster needs a Unix system")
}

func (c *cluster) handOver(string) error { return nil }
