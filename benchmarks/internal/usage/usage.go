//go:build unix

// Package usage tells what a process has used of the machine.
package usage

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// Usage is what a process has used since its start.
type Usage struct {
	CPU     time.Duration `json:"cpu"`      // in user and kernel mode, of all threads
	PeakRSS int64         `json:"peak_rss"` // bytes of memory at its largest
}

// Self returns the usage of this process.
func Self() (Usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return Usage{}, fmt.Errorf("read the usage of the process: %w", err)
	}
	return FromRusage(&r), nil
}

// FromRusage reads what the kernel tells about a process.
func FromRusage(r *syscall.Rusage) Usage {
	rss := r.Maxrss * 1024 // kilobytes, except on macOS
	if runtime.GOOS == "darwin" {
		rss = r.Maxrss
	}
	return Usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), PeakRSS: rss}
}
