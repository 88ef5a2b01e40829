package sqlitestore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// A boot is one opening of a store, with a name that was never given before.
// The store locks a file of that name beside the database. The operating
// system lets go of the lock when the process ends, however it ends, and not
// before. So whoever gets the lock knows that the process is dead, and need
// not wait for its leases to run out. A process number would prove nothing: it
// is given again.
//
// A database in memory has no other processes, and its boot no file.
type boot struct {
	id   int64 // 0 without a file
	lock *flock.Flock
}

// bootPath returns the path of a boot's file.
func bootPath(database, name string) string { return database + "-boot-" + name }

const selectFile = `SELECT coalesce(file, '') FROM pragma_database_list WHERE name = 'main'`

// openBoot locks a new file and ends what dead processes have left behind. The
// database is named as SQLite knows it, without symbolic links, so that all
// processes find each other's files.
func (s *Store) openBoot(ctx context.Context) error {
	if s.inMemory {
		return nil
	}
	if err := s.writer.row(selectFile, nil, &s.file); err != nil || s.file == "" {
		return err
	}
	var err error
	switch s.identity, err = os.Stat(s.file); {
	case errors.Is(err, os.ErrNotExist): // a VFS of the application may have files of its own
		s.file = ""
		return nil
	case err != nil:
		return err
	}
	name := rand.Text()
	lock := flock.New(bootPath(s.file, name))
	if locked, err := lock.TryLock(); err != nil || !locked {
		return errors.Join(fmt.Errorf("lock the file %s (locked: %t): %w", lock.Path(), !locked, err), lock.Close())
	}
	s.boot.lock = lock
	syncFolder(s.file)
	if err := s.reap(ctx, 0); err != nil {
		return err
	}
	return s.writer.transaction(ctx, func(q *session) error {
		return q.row(insertBoot, []any{name}, &s.boot.id)
	})
}

// syncFolder makes the names in a file's folder durable, where the system
// knows how to: after a power cut a boot whose file is lost proves nothing, and
// its leases have to run out.
func syncFolder(file string) {
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return
	}
	_ = folder.Sync() // Windows has no such thing
	_ = folder.Close()
}

const (
	insertBoot  = `INSERT INTO cnerium_boots (name) VALUES (?) RETURNING id`
	deleteBoot  = `DELETE FROM cnerium_boots WHERE id = ?`
	selectBoots = `SELECT id, name FROM cnerium_boots WHERE id = ?1 OR ?1 = 0`
)

// closeBoot takes the boot back. The caller has the writer. What the
// store still holds reserved is then nobody's, and stays so until its lease
// runs out.
func (s *Store) closeBoot(ctx context.Context) error {
	if s.boot.lock == nil {
		return nil
	}
	err := s.writer.transaction(ctx, func(q *session) error {
		_, err := q.exec(deleteBoot, s.boot.id)
		return err
	})
	return errors.Join(err, removeLocked(s.boot.lock))
}

// removeLocked removes a file that is locked, and then lets go of it: in
// between nobody can take it for that of a dead process.
func removeLocked(lock *flock.Flock) error {
	err := os.Remove(lock.Path())
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, lock.Close())
}

// reap ends the leases of a boot, or of all with an id of 0, whose process is
// dead. The records are unknown from then on. The caller has the writer.
func (s *Store) reap(ctx context.Context, id int64) error {
	var dead map[int64]*flock.Flock
	var lost []int64
	err := patiently(ctx, func(context.Context) (err error) {
		dead, lost, err = s.deadBoots(id)
		return err
	})
	if err != nil || len(dead)+len(lost) == 0 {
		return err
	}
	err = s.writer.transaction(ctx, func(q *session) error {
		now := s.now().UnixMilli()
		var errs []error
		for id := range dead {
			_, ending := q.exec(endLeases, now, id)
			_, deleting := q.exec(deleteBoot, id)
			errs = append(errs, ending, deleting)
		}
		for _, id := range lost {
			_, err := q.exec(forgetBoot, id)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	for _, lock := range dead {
		if err == nil {
			err = removeLocked(lock)
		} else {
			err = errors.Join(err, lock.Close()) // the next one tries again
		}
	}
	return err
}

const endLeases = `
UPDATE cnerium_records SET lease_until = min(lease_until, ?1)
WHERE state = 'reserved' AND lease_until > ?1 AND boot = ?2`

// forgetBoot removes a boot without a file, once nothing is reserved by it.
const forgetBoot = `
DELETE FROM cnerium_boots
WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM cnerium_records WHERE state = 'reserved' AND boot = ?1)`

// deadBoots returns the locks of the boots that are provably dead: of which
// there is the file, and nobody holds its lock. The file of a lost boot is
// gone, as after the restoration of a backup: that proves nothing.
func (s *Store) deadBoots(id int64) (dead map[int64]*flock.Flock, lost []int64, err error) {
	dead = make(map[int64]*flock.Flock)
	err = s.otherBoots(s.writer, id, func(id int64, lock *flock.Flock) error {
		locked, err := lock.TryLock()
		switch {
		case locked && err == nil:
			dead[id] = lock
			return nil
		case errors.Is(err, os.ErrNotExist):
			lost = append(lost, id)
		}
		return lock.Close()
	})
	if err != nil {
		for _, lock := range dead {
			err = errors.Join(err, lock.Close())
		}
		return nil, nil, err
	}
	return dead, lost, nil
}

// otherBoots calls each with a boot, or with all for an id of 0, but for the
// store's own. Its lock does not create the file if there is none.
func (s *Store) otherBoots(q queries, id int64, each func(id int64, lock *flock.Flock) error) error {
	return q.rows(selectBoots, []any{id}, func(scan scanner) error {
		var name string
		var id int64
		if err := scan(&id, &name); err != nil || id == s.boot.id {
			return err
		}
		return each(id, flock.New(bootPath(s.file, name), flock.SetFlag(os.O_RDWR)))
	})
}

// bury finds out whether a record is reserved by a dead process, and if so
// ends its leases. It returns whether the record is worth another look.
func (s *Store) bury(ctx context.Context, r *record, state cnerium.State) (bool, error) {
	if state != cnerium.StateReserved || r.boot == 0 || r.boot == s.boot.id {
		return false, nil
	}
	return s.buryAll(ctx, r.boot)
}

// buryAll ends the leases of a boot, or of all with an id of 0, whose process
// is dead. It costs no write when there is none, because requests that wait
// for a process that lives ask often.
func (s *Store) buryAll(ctx context.Context, id int64) (bool, error) {
	dead, err := s.anyDead(ctx, id)
	if err == nil && dead {
		err = s.writer.exclusively(ctx, func() error { return s.reap(context.WithoutCancel(ctx), id) })
	}
	return dead && err == nil, describe("end the leases of a dead process", err)
}

// anyDead reports whether the process of one of the boots is provably dead.
func (s *Store) anyDead(ctx context.Context, id int64) (dead bool, err error) {
	if s.boot.lock == nil {
		return false, nil
	}
	err = s.reader.read(ctx, func(q queries) error {
		return s.otherBoots(q, id, func(_ int64, lock *flock.Flock) error {
			locked, err := lock.TryLock()
			dead = dead || locked && err == nil
			return lock.Close()
		})
	})
	return dead, err
}
