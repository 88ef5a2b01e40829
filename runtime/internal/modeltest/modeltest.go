// Package modeltest compares a store with a small model of what it should do,
// in random histories, and checks the histories of concurrent processes for
// linearizability. It is for tests of stores; package storetest says in words
// what is compared here.
package modeltest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// Histories does random steps to a new store and to the model, time after
// time, and compares all that can be seen of them after each step. A failure
// is reduced to its shortest form and can be repeated with the flags that the
// report names. Where the config allows it two stores on one medium take
// turns, and are closed in the middle of their work. There are as many
// histories as -rapid.checks says, or a hundred times as many if there is time
// for the long campaign.
func Histories(t *testing.T, config storetest.Config, long bool) {
	t.Helper()
	repetitions := 1
	if long {
		repetitions = 100
	}
	for range repetitions {
		rapid.Check(t, func(r *rapid.T) {
			m := newMachine(t, config)
			defer m.close(r)
			r.Repeat(m.actions())
		})
	}
}

func (m *machine) close(t *rapid.T) {
	for _, store := range m.stores {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}
