// Package machine tells what a measurement was made on.
package machine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Machine is where a measurement was made, as far as that can be found out;
// what cannot is "".
type Machine struct {
	CPU        string
	CPUs       int
	Memory     string
	System     string
	Filesystem string // of the folder that was measured
	Go         string
	Load       string // averages over 1, 5 and 15 minutes
	Commit     string // of the project

	Sync    time.Duration // median of what a synced write of 4 KiB takes in the folder
	SyncP99 time.Duration
}

// Look looks at this machine, and measures a folder.
func Look(ctx context.Context, dir string) (Machine, error) {
	m := Machine{
		CPU:        field("/proc/cpuinfo", "model name"),
		CPUs:       runtime.NumCPU(),
		Memory:     field("/proc/meminfo", "MemTotal"),
		System:     output(ctx, "uname", "-srm"),
		Filesystem: output(ctx, "findmnt", "-n", "-o", "FSTYPE", "-T", dir),
		Go:         runtime.Version(),
		Load:       Load(),
		Commit:     output(ctx, "git", "describe", "--always", "--dirty"),
	}
	var err error
	m.Sync, m.SyncP99, err = syncTime(dir)
	return m, err
}

// Load returns the load averages over 1, 5 and 15 minutes.
func Load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// field returns the first value of a name in a file of lines "name: value".
func field(path, name string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// output returns what a program prints; "" when it fails.
func output(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// syncTime measures what every durable commit waits for.
func syncTime(dir string) (median, p99 time.Duration, err error) {
	file, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, 0, fmt.Errorf("create a file to sync: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	const writes = 300
	page := make([]byte, 4096)
	times := make([]time.Duration, 0, writes)
	for range writes {
		begin := time.Now()
		if _, err := file.Write(page); err != nil {
			return 0, 0, fmt.Errorf("write: %w", err)
		}
		if err := file.Sync(); err != nil {
			return 0, 0, fmt.Errorf("sync: %w", err)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[writes/2], times[writes*99/100], nil
}
