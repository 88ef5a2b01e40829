//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// unprivileged lets a command run as a user that PostgreSQL accepts, who is
// not root, and away from the terminal's signals: the keeper decides when the
// server ends.
func (c *cluster) unprivileged(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := somebody()
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	return nil
}

// handOver gives the folder and a file in it to the user of unprivileged.
func (c *cluster) handOver(file string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := somebody()
	if err != nil {
		return err
	}
	return errors.Join(os.Chown(c.folder, int(uid), int(gid)), os.Chown(file, int(uid), int(gid)))
}

// somebody returns a user who may do nothing else here.
func somebody() (uid, gid uint32, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("user %s: %w", name, err)
		}
		return uint32(uid), uint32(gid), nil
	}
	return 0, 0, errors.New("the tests run as root, and there is neither a user postgres nor nobody to run PostgreSQL")
}
