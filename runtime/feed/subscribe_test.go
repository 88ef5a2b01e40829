package feed_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

func TestWelcomeComesFirstWithTheCursorAndTheRooms(t *testing.T) {
	t.Parallel()
	f, o := start(t, 3, &feed.Options{Authorize: anyRoom})
	s := listen(t, f, "room=b&room=a&room=b")
	o.add(t, f, "", "a", "c")
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.3","rooms":["a","b"]}`}, next(t, s))
	require.Equal(t, []string{"e.4", "e.5@a", `{"notice":"position","cursor":"e.6"}`}, all(t, s))
}

func TestReturningSubscriberIsToldWhetherItIsRecovered(t *testing.T) {
	t.Parallel()
	recovered, lost := `"recovered":true}`, `"recovered":false}`
	for name, test := range map[string]struct {
		cursor  string
		welcome string
		then    []string
	}{
		"in memory":              {"e.198", `{"notice":"welcome","cursor":"e.198",` + recovered, []string{"e.199", "e.200", "e.201"}},
		"before what is kept":    {"e.197", `{"notice":"welcome","cursor":"e.197",` + recovered, []string{"e.198", "e.199", "e.200", "e.201"}},
		"up to date":             {"e.200", `{"notice":"welcome","cursor":"e.200",` + recovered, []string{"e.201"}},
		"in the store":           {"e.50", `{"notice":"welcome","cursor":"e.50",` + recovered, cursors(51, 201)},
		"the last that is known": {"e.40", `{"notice":"welcome","cursor":"e.40",` + recovered, cursors(41, 201)},
		"no longer kept":         {"e.39", `{"notice":"welcome","cursor":"e.200",` + lost, []string{"e.201"}},
		"of another store":       {"x.50", `{"notice":"welcome","cursor":"e.200",` + lost, []string{"e.201"}},
		"not yet there":          {"e.202", `{"notice":"welcome","cursor":"e.200",` + lost, []string{"e.201"}},
		"nonsense":               {"%00%0A", `{"notice":"welcome","cursor":"e.200",` + lost, []string{"e.201"}},
		"none":                   {"", `{"notice":"welcome","cursor":"e.200"}`, []string{"e.201"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, o := start(t, 1, &feed.Options{Recent: 3})
			o.add(t, f, everybody(199)...)
			o.sweep(40)
			s := listen(t, f, "last_event_id="+test.cursor)
			o.add(t, f, "")
			require.Equal(t, append([]string{test.welcome}, test.then...), all(t, s))
		})
	}
}

func TestQueryThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	f, _ := start(t, 3, nil)
	for _, query := range []string{"last_event_id=%zz", "last_event_id=e.1;x=y"} {
		rec, detail := refusal(t, f, ask(query))
		require.Equal(t, http.StatusBadRequest, rec.Code)
		require.Contains(t, detail, "malformed")
	}
}

func TestHeaderWinsOverTheParameter(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, nil)
	o.add(t, f, everybody(5)...)
	r := ask("last_event_id=e.1")
	r.Header.Set("Last-Event-ID", "e.4")
	s, err := f.Subscribe(r)
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.4","recovered":true}`, "e.5"}, all(t, s))
}

func TestWhatIsInMemoryCostsNoRead(t *testing.T) {
	t.Parallel()
	f, o := start(t, 1, &feed.Options{Recent: 3})
	o.add(t, f, everybody(9)...)
	all(t, listen(t, f, "last_event_id=e.7"))
	all(t, listen(t, f, ""))
	require.Zero(t, o.readCount())
	all(t, listen(t, f, "last_event_id=e.6"))
	require.NotZero(t, o.readCount())
}

func TestPagesOfTheHistoryJoinWhereTheyEnd(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 99, 100, 101, 199, 200, 201, 350} {
		f, o := start(t, n, nil)
		s := listen(t, f, "last_event_id=e.0")
		o.add(t, f, "", "")
		got := all(t, s)
		require.Equal(t, cursors(1, n+2), got[1:])
	}
}

func TestSubscriberAheadOfTheFeedGetsNothingTwice(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, nil)
	o.commit(everybody(10)...)
	o.publish(t, f, 4)
	s := listen(t, f, "last_event_id=e.7") // as a page that knows the cursor of its own order
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.7","recovered":true}`, "e.8", "e.9", "e.10"}, all(t, s))
	o.publish(t, f, 5)
	require.Empty(t, all(t, s))
	o.commit(everybody(2)...)
	o.publish(t, f, 3)
	require.Equal(t, cursors(11, 12), all(t, s))
}

func TestEventsPublishedWhileTheHistoryIsReadComeOnce(t *testing.T) {
	t.Parallel()
	for _, meanwhile := range []int{1, 2, 3, 4, 50, 150} { // what is kept in memory are 3
		f, o := start(t, 10, &feed.Options{Recent: 3})
		s := listen(t, f, "last_event_id=e.2")
		require.Len(t, next(t, s), 1)
		require.Equal(t, cursors(3, 10), next(t, s))

		behind := listen(t, f, "last_event_id=e.2")
		require.Len(t, next(t, behind), 1)
		o.add(t, f, everybody(20)...) // its page ends before what is in memory
		require.Equal(t, cursors(3, 10), next(t, behind))
		o.during(func() { o.add(t, f, everybody(meanwhile)...) })
		require.Equal(t, cursors(11, 30+meanwhile), all(t, behind))
		require.Equal(t, cursors(11, 30+meanwhile), all(t, s))
	}
}

func TestEventsCommittedWhileTheHistoryIsReadAreWaitedFor(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{Recent: 1})
	o.commit(everybody(5)...)
	o.publish(t, f, 1)
	s := listen(t, f, "last_event_id=e.5")
	require.Len(t, next(t, s), 1)
	require.Empty(t, next(t, s)) // it is ahead of the feed
	o.during(func() {            // the page that is read is empty
		o.commit(everybody(2)...)
		o.publish(t, f, 3)
	})
	o.publish(t, f, 1)
	require.Empty(t, next(t, s))
	o.publish(t, f, 10)
	require.Equal(t, []string{"e.6", "e.7"}, all(t, s))
}

func TestHistoryThatCannotBeReadRefusesWhoNeedsIt(t *testing.T) {
	t.Parallel()
	f, o := start(t, 5, nil)
	o.fail(errors.New("disk on fire"))
	rec, detail := refusal(t, f, ask("last_event_id=e.1"))
	require.Equal(t, http.StatusServiceUnavailable, rec.Code)
	require.Equal(t, "1", rec.Header().Get("Retry-After"))
	require.NotContains(t, detail, "fire")
	require.Len(t, next(t, listen(t, f, "")), 1)
	o.fail(nil)
	require.Len(t, all(t, listen(t, f, "last_event_id=e.1")), 5)
}

func TestHistoryThatFailsOnTheWayEndsTheSubscription(t *testing.T) {
	t.Parallel()
	f, o := start(t, 150, nil)
	s := listen(t, f, "last_event_id=e.0")
	require.Len(t, next(t, s), 1)
	require.Equal(t, cursors(1, 100), next(t, s))
	fire := errors.New("disk on fire")
	o.fail(fire)
	_, err := s.Next(t.Context(), 0)
	require.ErrorIs(t, err, fire)
}

func TestHistorySweptOnTheWayIsNoSilentGap(t *testing.T) {
	t.Parallel()
	f, o := start(t, 250, nil)
	s := listen(t, f, "last_event_id=e.0")
	require.Len(t, next(t, s), 1)
	require.Equal(t, cursors(1, 100), next(t, s))
	o.sweep(101)
	_, err := s.Next(t.Context(), 0)
	require.ErrorIs(t, err, feed.ErrTooSlow)
	again := listen(t, f, "last_event_id=e.100")
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.250","recovered":false}`}, all(t, again))
}

func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	var none *cnerium.Error
	for name, test := range map[string]struct {
		err    error
		status int
		detail string
	}{
		"with its own status": {cnerium.Unauthorized("sign in first"), http.StatusUnauthorized, "sign in first"},
		"with a plain error":  {errors.New("secret of the inside"), http.StatusForbidden, ""},
		"with a nil *Error":   {none, http.StatusForbidden, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := start(t, 0, &feed.Options{Authorize: func(*http.Request) (feed.Rooms, error) { return nil, test.err }})
			rec, detail := refusal(t, f, ask(""))
			require.Equal(t, test.status, rec.Code)
			require.Equal(t, test.detail, detail)
		})
	}
}

func TestRoomsOfTheRequestAreChecked(t *testing.T) {
	t.Parallel()
	only := func(*http.Request) (feed.Rooms, error) { return feed.Only("a", "b"), nil }
	for name, test := range map[string]struct {
		authorize func(*http.Request) (feed.Rooms, error)
		query     string
		status    int
		detail    string
	}{
		"another room":     {only, "room=a&room=c", http.StatusForbidden, `"c"`},
		"nobody decides":   {nil, "room=a", http.StatusForbidden, `"a"`},
		"an empty name":    {anyRoom, "room=", http.StatusBadRequest, "empty"},
		"a very long name": {anyRoom, "room=" + strings.Repeat("x", 256), http.StatusBadRequest, "255"},
		"too many":         {anyRoom, strings.Repeat("room=a&", 101), http.StatusBadRequest, "100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := start(t, 0, &feed.Options{Authorize: test.authorize})
			rec, detail := refusal(t, f, ask(test.query))
			require.Equal(t, test.status, rec.Code)
			require.Contains(t, detail, test.detail)
		})
	}
}

func TestOnlyIsNotChangedThroughItsArgument(t *testing.T) {
	t.Parallel()
	names := []string{"a"}
	rooms := feed.Only(names...)
	names[0] = "b"
	require.True(t, rooms("a"))
	require.False(t, rooms("b"))
	require.False(t, rooms(""))
}
