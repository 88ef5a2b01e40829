package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
)

// profiles are the files to write; "" for none.
type profiles struct{ cpu, allocs string }

// during writes the profiles of what a function does.
func (p profiles) during(f func() error) error {
	if p.cpu != "" {
		file, err := os.Create(p.cpu)
		if err != nil {
			return fmt.Errorf("create the profile: %w", err)
		}
		defer func() { _ = file.Close() }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return fmt.Errorf("start the profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	err := f()
	if p.allocs == "" {
		return err
	}
	file, fileErr := os.Create(p.allocs)
	if fileErr != nil {
		return errors.Join(err, fmt.Errorf("create the profile: %w", fileErr))
	}
	return errors.Join(err, pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
