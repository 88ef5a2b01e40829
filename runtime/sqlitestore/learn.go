package sqlitestore

import (
	"context"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	// learnPage is how many IDs are learnt with one read.
	learnPage = 500

	// learnPause is the pause between two, so that those who wait for the
	// processor and the disk have most of them: ten million IDs take a few
	// minutes.
	learnPause = 10 * time.Millisecond

	// lookEvery is how often the writer looks whether others have opened the
	// database.
	lookEvery = time.Second
)

var _ cnerium.Hinter = (*Store)(nil)

// LikelyAbsent reports whether the record is absent as far as the store knows.
// See [cnerium.Hinter]. While other processes have the database open it knows
// nothing, nor until it has read, in the background, what was there when it was
// opened.
func (s *Store) LikelyAbsent(id cnerium.ID) bool {
	return !s.known.Has(id, func() int64 { return s.now().UnixMilli() })
}

// meet makes known that there is the record.
func (s *Store) meet(r *record) { s.known.Add(r.id, max(r.leaseUntil, r.expiresAt), r.since) }

// learner has the store learn what the database has. The zero value is idle.
type learner struct {
	mu     sync.Mutex
	stop   context.CancelFunc // nil while idle
	idle   chan struct{}      // closed when what stop stops has ended
	closed bool
}

// learn has the store know what the database has, if it does not. What is
// little is learnt at once, the rest in the background. The context bounds the
// call. What fails is tried again at the next call; until then the store looks
// its records up.
func (s *Store) learn(ctx context.Context) {
	t := &s.learner
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.known == nil || s.known.Sees() || t.stop != nil || t.closed {
		return
	}
	p, err := s.newPass(ctx)
	if err != nil || p == nil {
		return
	}
	if more, err := p.step(ctx); err != nil || !more {
		return
	}
	ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	t.idle = make(chan struct{})
	go func() {
		defer t.rest()
		p.run(ctx)
	}()
}

// rest makes it idle again.
func (t *learner) rest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop()
	t.stop = nil
	close(t.idle)
}

// close ends what goes on, and lets nothing begin.
func (t *learner) close() {
	t.mu.Lock()
	t.closed = true
	stop, idle := t.stop, t.idle
	t.mu.Unlock()
	if stop != nil {
		stop()
		<-idle
	}
}

// pass is one way through all IDs of the database.
type pass struct {
	store     *Store
	beginning int        // of known
	last      cnerium.ID // that was learnt
	until     int64      // all that was there at the beginning has expired then
}

const (
	selectOthers = `
SELECT (SELECT count(*) FROM cnerium_boots WHERE id <> ?),
	(SELECT seq FROM sqlite_sequence WHERE name = 'cnerium_boots'),
	(SELECT coalesce(max(expires_at), 0) FROM cnerium_records WHERE state = 'committed'),
	coalesce((SELECT max(id) FROM cnerium_records) - (SELECT min(id) FROM cnerium_records), 0)`
	selectLastBoot = `SELECT seq FROM sqlite_sequence WHERE name = 'cnerium_boots'`
	selectIDs      = `
SELECT scope, operation, key FROM cnerium_records
WHERE (scope, operation, key) > (?, ?, ?)
ORDER BY scope, operation, key
LIMIT ?`
)

// newPass returns nil when the store is not alone, and when there may be more
// records than it can know. Who opens the database later has a later boot: see
// lookForOthers.
func (s *Store) newPass(ctx context.Context) (*pass, error) {
	if _, err := s.buryAll(ctx, 0); err != nil {
		return nil, err
	}
	p := &pass{store: s, beginning: s.known.Forget()}
	var others, last, records int64
	err := s.read(ctx, "learn the keys", func(q queries) error {
		return q.row(selectOthers, []any{s.boot.id}, &others, &last, &p.until, &records)
	})
	if err != nil || others > 0 || records > s.known.Room() {
		return nil, err
	}
	s.writer.lastBoot.Store(last)
	return p, nil
}

// run learns what is left, until the context ends.
func (p *pass) run(ctx context.Context) {
	pause := time.NewTicker(learnPause)
	defer pause.Stop()
	for more := true; more; {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		var err error
		if more, err = p.step(ctx); err != nil {
			return
		}
	}
}

// step learns the next IDs. After the last the store knows all.
func (p *pass) step(ctx context.Context) (more bool, err error) {
	n := 0
	err = p.store.read(ctx, "learn the keys", func(q queries) error {
		args := []any{p.last.Scope, p.last.Operation, p.last.Key, learnPage}
		return q.rows(selectIDs, args, func(scan scanner) error {
			n++
			err := scan(&p.last.Scope, &p.last.Operation, &p.last.Key)
			if err == nil {
				p.store.known.Add(p.last, p.until, 0)
			}
			return err
		})
	})
	if err == nil && n < learnPage {
		p.store.known.See(p.beginning)
	}
	return n == learnPage, err
}

// lookForOthers makes the store blind when another one has opened the database since.
// The caller has the writer, in a transaction. When it cannot be told, somebody
// may have.
func (w *writer) lookForOthers(now time.Time) {
	if !w.known.Sees() || now.Sub(w.looked) < lookEvery {
		return
	}
	w.looked = now
	var last int64
	if err := w.row(selectLastBoot, nil, &last); err != nil || last != w.lastBoot.Load() {
		w.known.Forget()
	}
}
