package feed_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

func TestCloseGivesEverybodyWhatWaitsForThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, o := start(t, 0, nil)
		s := listen(t, f, "")
		o.add(t, f, "", "")
		closed := make(chan error, 1)
		go func() { closed <- f.Close(context.Background()) }()
		synctest.Wait()
		require.Len(t, next(t, s), 1)
		require.Equal(t, cursors(1, 2), next(t, s))
		ends(t, s, feed.ErrClosed)
		synctest.Wait()
		require.Empty(t, closed) // it waits for the subscriber
		require.NoError(t, s.Context().Err())
		s.Close()
		require.NoError(t, <-closed)
	})
}

func TestCloseEndsWaitsAndCatchingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, _ := start(t, 500, nil)
		waiting, behind, reading := listen(t, f, ""), listen(t, f, "last_event_id=e.0"), listen(t, f, "last_event_id=e.0")
		require.Len(t, next(t, waiting), 1)
		require.Len(t, next(t, behind), 1)
		require.Len(t, all(t, reading), 501)
		for _, s := range []*feed.Subscriber{waiting, behind} {
			go func() {
				defer s.Close()
				for {
					if _, err := s.Next(context.Background(), time.Hour); err != nil {
						return
					}
				}
			}()
		}
		synctest.Wait()
		reading.Close()
		require.NoError(t, f.Close(context.Background()))
	})
}

func TestCloseCutsOffWhoDoesNotLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, _ := start(t, 0, nil)
		stuck, polite := listen(t, f, ""), listen(t, f, "")
		time.AfterFunc(time.Second, polite.Close)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		begin := time.Now()
		err := f.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "1 subscriber")
		require.Equal(t, time.Minute, time.Since(begin))
		require.Error(t, stuck.Context().Err())
		stuck.Close()
		require.NoError(t, f.Close(context.Background()))
	})
}

func TestClosedFeedDoesNothing(t *testing.T) {
	t.Parallel()
	f, o := start(t, 2, nil)
	require.NoError(t, f.Close(context.Background()))
	rec, _ := refusal(t, f, ask(""))
	require.Equal(t, http.StatusServiceUnavailable, rec.Code)
	require.Equal(t, "1", rec.Header().Get("Retry-After"))
	require.ErrorIs(t, f.Publish(t.Context(), o.events), feed.ErrClosed)
	require.ErrorIs(t, f.Open(o, cursor(2)), feed.ErrClosed)
}

func TestFeedThatIsNotOpenRefuses(t *testing.T) {
	t.Parallel()
	f := feed.New(nil)
	rec, _ := refusal(t, f, ask(""))
	require.Equal(t, http.StatusServiceUnavailable, rec.Code)
	require.NoError(t, f.Close(context.Background()))
}

func TestOpenAgainEndsEverySubscription(t *testing.T) {
	t.Parallel()
	f, o := start(t, 3, nil)
	live, behind := listen(t, f, ""), listen(t, f, "last_event_id=e.1")
	o.commit("")
	ahead := listen(t, f, "last_event_id=e.4")
	require.Len(t, next(t, live), 1)
	require.Len(t, next(t, behind), 1)
	require.Len(t, all(t, ahead), 1)
	o.commit(everybody(3)...)
	o.sweep(6)
	o.published = 7
	require.NoError(t, f.Open(o, cursor(7)))
	o.add(t, f, "")
	for _, s := range []*feed.Subscriber{live, behind, ahead} {
		ends(t, s, feed.ErrTooSlow)
	}
	lost := listen(t, f, "last_event_id=e.3")
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.8","recovered":false}`}, all(t, lost))
	kept := listen(t, f, "last_event_id=e.6")
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.6","recovered":true}`, "e.7", "e.8"}, all(t, kept))
}

func TestSubscriberThatHasLeftGetsNothingAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	f, o := start(t, 150, nil)
	s := listen(t, f, "last_event_id=e.0")
	require.Len(t, next(t, s), 1)
	require.Len(t, next(t, s), 100)
	o.during(s.Close)
	batch, err := s.Next(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, cursors(101, 150), texts(t, batch))
	o.add(t, f, "")
	ends(t, s, feed.ErrClosed)
	require.Zero(t, f.Footprint())
	require.NoError(t, f.Close(context.Background()))
}
