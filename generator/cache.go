package generator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"sync"
	"time"
)

// ErrCache is the error of a run with CacheVerify that found a remembered
// result to be wrong.
var ErrCache = errors.New("the cache holds a wrong result")

// find returns what a run finds out: from the cache, where nothing has changed
// that it depends on, else by doing the work.
func find(ctx context.Context, opts Options) (*result, error) {
	if _, err := opts.target(); err != nil {
		return nil, err
	}
	if opts.Cache == CacheOff {
		r, _, err := work(ctx, opts, newDisk())
		return r, err
	}
	c, err := openCache(opts)
	if err != nil {
		opts.notef("not used: %v", err)
		r, _, err := work(ctx, opts, newDisk())
		return r, err
	}
	remembered, err := c.recall(ctx)
	if err != nil {
		opts.notef("no result: %v", err)
	}
	switch {
	case remembered != nil && opts.Cache == CacheVerify:
		return c.verify(ctx, remembered)
	case remembered != nil:
		opts.notef("used the result of an earlier run")
		return remembered, nil
	}
	return c.work(ctx)
}

// cache is the cache as one run sees it.
type cache struct {
	opts  Options
	store *cacheStore
	key   string    // of what the run was asked to do
	begin time.Time // before anything was read
	disk  *disk
}

// openCache finds the folder and the key.
func openCache(opts Options) (*cache, error) {
	store, err := openStore(opts.CacheDir)
	if err != nil {
		return nil, err
	}
	key, err := cacheKey(opts)
	if err != nil {
		return nil, err
	}
	return &cache{opts, store, key, time.Now(), newDisk()}, nil
}

// The errors of a run that has to work.
var (
	errNothing = errors.New("nothing is kept of such a run")
	errChanged = errors.New("something has changed")
)

// recall returns the result of an earlier run; nil when there is none that
// still holds, with the reason as the error.
func (c *cache) recall(ctx context.Context) (*result, error) {
	content, err := c.store.read(c.key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNothing
	}
	if err != nil {
		return nil, err
	}
	e, err := decodeEntry(content)
	if err != nil {
		return nil, err
	}
	sum, err := e.Inputs.sum(c.disk, time.Time{})
	if err != nil {
		return nil, err
	}
	if sum != e.Sum {
		return nil, errChanged
	}
	r := &e.Result
	r.disk = c.disk
	r.pack = sync.OnceValues(func() (*pack, error) { return c.pack(ctx, e.Pack) })
	return r, nil
}

// pack reads a pack. When that fails, the work is done after all.
func (c *cache) pack(ctx context.Context, sum string) (*pack, error) {
	content, err := c.store.read(sum)
	if err == nil {
		var p *pack
		if p, err = decodePack(content, sum); err == nil {
			return p, nil
		}
	}
	c.opts.notef("no code: %v", err)
	r, err := c.work(ctx)
	if err != nil {
		return nil, err
	}
	return r.pack()
}

// work does the work, and remembers its result.
func (c *cache) work(ctx context.Context) (*result, error) {
	inputs, unkept := newInputs(c.opts, c.disk)
	r, listed, err := work(ctx, c.opts, c.disk)
	if err != nil {
		return nil, err
	}
	if unkept == nil {
		unkept = c.remember(r, listed, inputs)
	}
	if unkept != nil {
		c.opts.notef("result is not kept: %v", unkept)
	}
	return r, nil
}

// remember stores a result, unless something may have changed since the go
// command was asked.
func (c *cache) remember(r *result, listed *listing, collected *inputCollector) error {
	e := entry{Result: *r}
	var packed [][]byte
	var unpacked, err error
	var packing sync.WaitGroup
	packing.Go(func() {
		var p *pack
		if p, unpacked = r.pack(); unpacked == nil {
			packed, e.Pack, unpacked = p.encode()
		}
	})
	if e.Inputs, err = collected.inputs(c.opts, r, listed); err == nil {
		e.Sum, err = e.Inputs.sum(r.disk, c.begin)
	}
	packing.Wait()
	if err := errors.Join(err, unpacked); err != nil {
		return err
	}
	if err := c.store.write(e.Pack, packed...); err != nil {
		return err
	}
	content, err := e.encode()
	if err != nil {
		return err
	}
	return c.store.write(c.key, content)
}

// verify compares a remembered result with a fresh one, which it returns.
func (c *cache) verify(ctx context.Context, remembered *result) (*result, error) {
	fresh, _, err := work(ctx, c.opts, newDisk())
	if err != nil {
		return nil, fmt.Errorf("%w: there was none of an error: %w", ErrCache, err)
	}
	if err := same(remembered, fresh); err != nil {
		return nil, fmt.Errorf("%w: %w: delete %s and report this", ErrCache, err, c.store.dir)
	}
	c.opts.notef("the result of an earlier run is right")
	return fresh, nil
}

// same returns an error that says where two results differ.
func same(a, b *result) error {
	if !reflect.DeepEqual(sortDiagnostics(a.Diagnostics), sortDiagnostics(b.Diagnostics)) {
		return errors.New("diagnostics differ")
	}
	if len(a.Folders) != len(b.Folders) {
		return errors.New("packages differ")
	}
	for i, f := range a.Folders {
		g := b.Folders[i]
		f.code, g.code = nil, nil
		if !reflect.DeepEqual(f, g) {
			return fmt.Errorf("results for %s differ", g.Dir)
		}
	}
	if len(a.Targets) != len(b.Targets) {
		return errors.New("documents and clients differ")
	}
	for i, t := range a.Targets {
		u := b.Targets[i]
		t.content, u.content = nil, nil
		if !reflect.DeepEqual(t, u) {
			return fmt.Errorf("results for %s differ", u.Path)
		}
	}
	p, err := a.pack()
	if err != nil {
		return err
	}
	q, err := b.pack()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(p, q) {
		return errors.New("code or routes differ")
	}
	return nil
}
