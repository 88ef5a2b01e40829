package feed_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

// ends requires that the next thing that the subscriber gets is its end.
func ends(t *testing.T, s *feed.Subscriber, want error) {
	t.Helper()
	batch, err := s.Next(context.Background(), time.Hour)
	require.ErrorIs(t, err, want)
	require.Empty(t, batch)
}

func TestSubscribersAreLimited(t *testing.T) {
	t.Parallel()
	f, _ := start(t, 0, &feed.Options{MaxSubscribers: 2})
	first := listen(t, f, "")
	listen(t, f, "")
	rec, detail := refusal(t, f, ask(""))
	require.Equal(t, http.StatusServiceUnavailable, rec.Code)
	require.Equal(t, "10", rec.Header().Get("Retry-After"))
	require.Contains(t, detail, "too many")
	first.Close()
	first.Close()
	listen(t, f, "")
	refusal(t, f, ask(""))
}

func TestRefusedSubscriberFreesItsPlace(t *testing.T) {
	t.Parallel()
	f, o := start(t, 3, &feed.Options{MaxSubscribers: 1})
	o.fail(context.DeadlineExceeded)
	refusal(t, f, ask("last_event_id=e.1"))
	refusal(t, f, ask("room=a"))
	listen(t, f, "")
}

func TestSubscriberWithTooManyMessagesIsEnded(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{QueueSize: 3})
	slow, full, other := listen(t, f, ""), listen(t, f, ""), listen(t, f, "")
	require.Len(t, next(t, slow), 1)
	require.Len(t, next(t, full), 1)
	o.add(t, f, everybody(3)...)
	require.Len(t, all(t, other), 4)
	require.Equal(t, cursors(1, 3), next(t, full)) // as many as there may be
	o.add(t, f, everybody(2)...)
	ends(t, slow, feed.ErrTooSlow)
	require.Equal(t, cursors(4, 5), all(t, other))
	require.Equal(t, cursors(4, 5), all(t, full))

	slow.Close()
	again := listen(t, f, "last_event_id=e.0")
	require.Equal(t, cursors(1, 5), all(t, again)[1:])
}

func TestSubscriberWithTooManyBytesIsEnded(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{QueueBytes: 3000}) // two events
	s := listen(t, f, "")
	require.Len(t, next(t, s), 1)
	o.commit(everybody(7)...)
	for i := range o.events {
		o.events[i].Data = json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	}
	for range 2 { // what has been taken does not count
		o.publish(t, f, 2)
		require.Len(t, next(t, s), 2)
	}
	o.publish(t, f, 2)
	o.publish(t, f, 1)
	ends(t, s, feed.ErrTooSlow)
}

func TestSubscriberThatWaitsForNothingIsNotTooSlow(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{QueueBytes: 10})
	s := listen(t, f, "")
	require.Len(t, next(t, s), 1)
	o.add(t, f, everybody(100)...) // in one commit, and published at once
	require.Equal(t, cursors(1, 100), next(t, s))
}

func TestOneMessageMayBeLargerThanTheQueue(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{QueueBytes: 10})
	s := listen(t, f, "")
	require.Len(t, next(t, s), 1)
	for offset := range 3 {
		o.add(t, f, "")
		require.Equal(t, []string{cursor(offset + 1)}, next(t, s))
	}
}

func TestPageOfTheHistoryIsLimitedInBytes(t *testing.T) {
	t.Parallel()
	f, o := start(t, 7, &feed.Options{QueueBytes: 2500}) // two events
	for i := range o.events {
		o.events[i].Data = json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	}
	o.events[4].Data = json.RawMessage(`"` + strings.Repeat("x", 9000) + `"`)
	s := listen(t, f, "last_event_id=e.0")
	require.Len(t, next(t, s), 1)
	require.Equal(t, cursors(1, 2), next(t, s))
	require.Equal(t, cursors(3, 4), next(t, s))
	require.Equal(t, cursors(5, 5), next(t, s))
	require.Equal(t, cursors(6, 7), next(t, s))
	o.add(t, f, "")
	require.Equal(t, cursors(8, 8), all(t, s))
}

func TestWelcomeAndWhatWasMissedComeBeforeTheEnd(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{QueueSize: 2})
	o.add(t, f, everybody(3)...)
	s := listen(t, f, "last_event_id=e.0")
	o.add(t, f, everybody(3)...)
	require.Equal(t, append([]string{`{"notice":"welcome","cursor":"e.0","recovered":true}`}, cursors(1, 3)...), next(t, s))
	ends(t, s, feed.ErrTooSlow)
}

func TestNoticesCountToo(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{QueueSize: 4, Authorize: anyRoom})
	live, ahead := listen(t, f, ""), listen(t, f, "")
	o.commit("")
	ahead.Close()
	ahead = listen(t, f, "last_event_id=e.1")
	for _, s := range []*feed.Subscriber{live, ahead} {
		for len(next(t, s)) > 0 {
		}
		for range 5 { // a client that asks without end and reads nothing
			require.NoError(t, s.Join("a"))
		}
	}
	o.publish(t, f, 1)
	o.add(t, f, "", "a")
	ends(t, live, feed.ErrTooSlow)
	ends(t, ahead, feed.ErrTooSlow)
}

func TestMemoryOfTheFeedIsLimitedInBytes(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, nil)
	o.commit(everybody(6)...)
	for i := range o.events {
		o.events[i].Data = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	}
	o.publish(t, f, 6)
	all(t, listen(t, f, "last_event_id=e.3"))
	require.Zero(t, o.readCount())
	all(t, listen(t, f, "last_event_id=e.2"))
	require.NotZero(t, o.readCount())
}

func TestPositionIsToldWhenNothingCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, o := start(t, 0, nil)
		s := listen(t, f, "")
		require.Len(t, next(t, s), 1)
		begin := time.Now()
		batch, err := s.Next(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Empty(t, batch) // it is where it was
		require.Equal(t, time.Minute, time.Since(begin))

		o.add(t, f, "a", "b")
		batch, err = s.Next(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, []string{`{"notice":"position","cursor":"e.2"}`}, texts(t, batch))
		require.Equal(t, 2*time.Minute, time.Since(begin))
	})
}

func TestEventInterruptsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, o := start(t, 0, nil)
		s := listen(t, f, "")
		require.Len(t, next(t, s), 1)
		begin := time.Now()
		time.AfterFunc(time.Second, func() { o.add(t, f, "", "") })
		batch, err := s.Next(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, cursors(1, 2), texts(t, batch))
		require.Equal(t, time.Second, time.Since(begin))
	})
}

func TestFeedThatCatchesUpInterruptsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, o := start(t, 0, nil)
		o.commit("", "", "")
		s := listen(t, f, "last_event_id=e.2")
		require.Len(t, next(t, s), 1)
		require.Equal(t, []string{"e.3"}, next(t, s)) // it is ahead of the feed now
		begin := time.Now()
		time.AfterFunc(time.Second, func() { o.publish(t, f, 2) })
		time.AfterFunc(2*time.Second, func() { o.publish(t, f, 1) })
		time.AfterFunc(3*time.Second, func() { o.add(t, f, "") })
		batch, err := s.Next(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, []string{"e.4"}, texts(t, batch))
		require.Equal(t, 3*time.Second, time.Since(begin))
	})
}

func TestNextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, _ := start(t, 0, nil)
		s := listen(t, f, "")
		require.Len(t, next(t, s), 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Next(ctx, time.Hour)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
