package feed_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

// stressRooms are the rooms of the stress test; an event's is told by its
// offset.
var stressRooms = []string{"", "a", "b", "c"}

func stressRoom(offset int) string { return stressRooms[offset%len(stressRooms)] }

// TestSubscribersThatComeAndGoMissNothing has a committer, a publisher that is
// behind, and subscribers that leave at random and come back with their
// cursors: over all its subscriptions together, each gets each event once.
func TestSubscribersThatComeAndGoMissNothing(t *testing.T) {
	t.Parallel()
	const events, subscribers = 3000, 20
	f, o := start(t, 250, &feed.Options{Authorize: anyRoom, Recent: 3, QueueSize: 40})
	var producers, consumers sync.WaitGroup
	producers.Go(func() {
		random := rand.New(rand.NewPCG(1, 1))
		for offset := 251; offset <= events; {
			var rooms []string
			for n := random.IntN(7); n >= 0 && offset <= events; n-- {
				rooms = append(rooms, stressRoom(offset))
				offset++
			}
			o.commit(rooms...)
			runtime.Gosched()
		}
	})
	failures := make(chan error, subscribers)
	for i := range subscribers {
		v := &visitor{feed: f, last: events, random: rand.New(rand.NewPCG(2, uint64(i)))}
		consumers.Go(func() {
			if err := v.visit(t.Context()); err != nil {
				failures <- fmt.Errorf("subscriber %d: %w", i, err)
			}
		})
	}
	for o.published < events {
		o.publish(t, f, 1+o.head()%9)
		runtime.Gosched()
	}
	producers.Wait()
	consumers.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	require.NoError(t, f.Close(context.Background()))
}

// visitor is a client that leaves at random and comes back.
type visitor struct {
	feed   *feed.Feed
	random *rand.Rand
	last   int // the offset of the last event of all
	place  int
}

// visit goes on until the visitor has everything.
func (v *visitor) visit(ctx context.Context) error {
	room := stressRooms[1+v.random.IntN(3)]
	for v.place < v.last {
		s, err := v.feed.Subscribe(ask(query(cursor(v.place), []string{room})))
		if err != nil {
			return err
		}
		err = v.stay(ctx, s, room)
		s.Close()
		if err != nil && !errors.Is(err, feed.ErrTooSlow) {
			return err
		}
	}
	return nil
}

// stay takes a few messages.
func (v *visitor) stay(ctx context.Context, s *feed.Subscriber, room string) error {
	for n := v.random.IntN(30); n >= 0 && v.place < v.last; n-- {
		batch, err := s.Next(ctx, time.Millisecond)
		if err != nil {
			return err
		}
		for _, m := range batch {
			if err := v.take(m, room); err != nil {
				return err
			}
		}
	}
	return nil
}

// take requires that nothing lies between the message and the one before.
func (v *visitor) take(m feed.Message, room string) error {
	offset := offsetOf(m.Cursor)
	expected := offset
	switch m.Notice {
	case feed.Welcome:
		if offset != v.place {
			return fmt.Errorf("welcome at %d instead of %d: %s", offset, v.place, m.Data)
		}
	case feed.Position:
		expected++
	default:
		if offset <= v.place {
			return fmt.Errorf("event %d came after %d", offset, v.place)
		}
	}
	for skipped := v.place + 1; skipped < expected; skipped++ {
		if r := stressRoom(skipped); r == "" || r == room {
			return fmt.Errorf("event %d was left out before %d", skipped, offset)
		}
	}
	v.place = offset
	return nil
}
