package ws_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A crowd is a process with many clients that only count messages.
const (
	crowdURL  = "CNERIUM_WS_CROWD"
	crowdSize = "CNERIUM_WS_CROWD_SIZE"

	// crowdStep is how many messages each client gets before the crowd says
	// so.
	crowdStep = 64
)

// runCrowd connects the clients, says "ready", and then writes a line each
// time that all of them have got another step of messages. It ends when its
// input does.
func runCrowd(address, size string, stdin io.Reader, stdout io.Writer) error {
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	conns := make([]*bufio.Reader, n)
	for i := range conns {
		if conns[i], err = connect(address); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(stdout, "ready")
	var tally sync.Map // of clients, by step
	for _, r := range conns {
		go func() {
			for step := 0; count(r, crowdStep) == nil; step++ {
				arrived, _ := tally.LoadOrStore(step, new(atomic.Int64))
				if arrived.(*atomic.Int64).Add(1) == int64(n) {
					tally.Delete(step)
					_, _ = fmt.Fprintln(stdout, "step")
				}
			}
		}()
	}
	_, _ = io.Copy(io.Discard, stdin)
	return nil
}

// connect does a handshake and reads the first message, by which a client
// knows that it is one.
func connect(address string) (*bufio.Reader, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if err := upgrade(conn); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(conn, 32<<10)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return r, count(r, 1)
}

// count reads messages, and requires that there is nothing else.
func count(r *bufio.Reader, messages int) error {
	for range messages {
		header, err := r.Peek(4)
		if err != nil {
			return err
		}
		size := 2 + int(header[1])
		if header[1] == 126 {
			size = 4 + int(binary.BigEndian.Uint16(header[2:]))
		}
		if header[0] != 0x81 || header[1] > 126 {
			return fmt.Errorf("unexpected header %x", header)
		}
		if _, err := r.Discard(size); err != nil {
			return err
		}
	}
	return nil
}

// crowd is the process, seen from the benchmark.
type crowd struct {
	lines *bufio.Scanner
}

func startCrowd(tb testing.TB, address string, size int) *crowd {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crowdURL+"="+address, crowdSize+"="+strconv.Itoa(size))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(tb, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	c := &crowd{lines: bufio.NewScanner(stdout)}
	c.wait(tb, "ready")
	return c
}

func (c *crowd) wait(tb testing.TB, line string) {
	tb.Helper()
	require.True(tb, c.lines.Scan(), "the crowd has ended")
	require.Equal(tb, line, c.lines.Text())
}
