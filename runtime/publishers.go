package cnerium

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// openPumps makes the pumps and opens them: those that the store remembers
// first, so that subscribers of a broadcaster are let in when nothing else can
// fail.
func (a *App) openPumps(ctx context.Context) error {
	publishers, err := a.opts.publishers()
	if err != nil {
		return err
	}
	var marked, present []*pump
	for _, name := range slices.Sorted(maps.Keys(publishers)) {
		p := a.newPump(name, publishers[name])
		if _, ok := p.place.(*presence); ok {
			present = append(present, p)
		} else {
			marked = append(marked, p)
		}
	}
	a.pumps = nil
	for _, p := range append(marked, present...) {
		if p.cursor, err = p.place.open(ctx); err != nil {
			return fmt.Errorf("open %s: %w", p.title(), err)
		}
		a.pumps = append(a.pumps, p)
	}
	return nil
}

// publishers returns all publishers by name.
func (o *Options) publishers() (map[string]Publisher, error) {
	all := maps.Clone(o.Publishers)
	if all == nil {
		all = make(map[string]Publisher)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] == nil {
			errs = append(errs, fmt.Errorf("Options.Publishers[%q] is nil", name))
		}
		if fault := attributeFault(name); fault != "" {
			errs = append(errs, fmt.Errorf("Options.Publishers has the name %.300q, which %s", name, fault))
		}
	}
	if o.Publisher != nil {
		if _, taken := all[""]; taken {
			errs = append(errs, errors.New(`Options.Publisher and Options.Publishers[""] are two publishers of one name`))
		}
		all[""] = o.Publisher
	}
	return all, errors.Join(append(errs, sameBroadcaster(all))...)
}

// sameBroadcaster finds a broadcaster that has two names: each of its
// subscribers would get every event twice.
func sameBroadcaster(all map[string]Publisher) error {
	first := make(map[Broadcaster]string)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b, ok := all[name].(Broadcaster)
		if !ok || !reflect.TypeOf(b).Comparable() {
			continue
		}
		if other, ok := first[b]; ok {
			return fmt.Errorf("Options has one broadcaster under two names, %q and %q: its subscribers would get each event twice", other, name)
		}
		first[b] = name
	}
	return nil
}

func (a *App) newPump(name string, publisher Publisher) *pump {
	p := &pump{
		name:      name,
		publisher: publisher,
		store:     a.store,
		log:       a.log,
		wake:      make(chan struct{}, 1),
		closing:   make(chan context.Context, 1),
		closed:    make(chan error, 1),
	}
	if broadcaster, ok := publisher.(Broadcaster); ok {
		p.place = &presence{store: a.store, broadcaster: broadcaster}
	} else {
		p.place = &mark{store: a.store, name: name, log: a.log}
	}
	return p
}

// committed wakes the pumps.
func (a *App) committed() {
	for _, p := range a.pumps {
		p.notify()
	}
}
