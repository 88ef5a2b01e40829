package pgtest

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"
)

// keepScript starts the server and ends with it. A second process waits for one
// line: the name of the signal that is to stop the server. When the end of the
// input comes first, the tests are over, or dead: then the data goes, too.
const keepScript = `
exec 3<&0
folder=$1 end=$2
shift 2
"$@" 3<&- </dev/null >>"$folder/log" 2>&1 &
server=$!
(
	if read -r signal <&3; then
		kill -s "$signal" "$server"
	else
		: >"$folder/over"
		kill -s "$end" "$server"
	fi
) 2>/dev/null &
reader=$!
exec 3<&-
wait "$server"
kill "$reader" 2>/dev/null
[ ! -e "$folder/over" ] || rm -rf "$folder"
`

// keeper is the process between the tests and a server. It outlives the tests
// when they are killed, and cleans up after them.
type keeper struct {
	cmd   *exec.Cmd
	input io.WriteCloser
	ended chan struct{} // closed when the keeper is gone
}

// program is the command that the keeper runs.
func (c *cluster) program() []string {
	if c.pooler {
		return []string{filepath.Join(c.bin, pooler), filepath.Join(c.folder, poolerConfig)}
	}
	return []string{filepath.Join(c.bin, "postgres"), "-D", c.data()}
}

// signal is what stops the program. The versions of PgBouncer do not agree on
// any but one.
func (c *cluster) signal(mode Mode) string {
	if c.pooler {
		return "KILL"
	}
	return string(mode)
}

func keep(c *cluster) (*keeper, error) {
	args := append([]string{"-c", keepScript, "pgtest", c.folder, c.signal(Immediate)}, c.program()...)
	k := &keeper{
		cmd:   c.command("/bin/sh", args...),
		ended: make(chan struct{}),
	}
	if err := c.unprivileged(k.cmd); err != nil {
		return nil, err
	}
	var err error
	if k.input, err = k.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make a pipe to the server: %w", err)
	}
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	go func() {
		defer close(k.ended)
		_ = k.cmd.Wait() // the server's log says more than its code
	}()
	return k, nil
}

// stop ends the server by a signal; "" ends it at once and removes its data.
func (k *keeper) stop(signal string) error {
	if signal != "" {
		if _, err := io.WriteString(k.input, signal+"\n"); err != nil {
			return fmt.Errorf("signal the server: %w", err)
		}
	} else if err := k.input.Close(); err != nil {
		return fmt.Errorf("end the server: %w", err)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-k.ended:
		return nil
	case <-late.C:
		return fmt.Errorf("the server does not end by the signal %s", signal)
	}
}
