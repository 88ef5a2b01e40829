package feed_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

func TestJoinAndLeaveTakeEffectAtOnce(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{Authorize: anyRoom})
	s := listen(t, f, "")
	o.add(t, f, "a", "")
	require.NoError(t, s.Join("a", "b"))
	o.add(t, f, "a", "b", "c")
	s.Leave("a")
	o.add(t, f, "a", "b")
	require.Equal(t, []string{
		`{"notice":"welcome","cursor":"e.0"}`,
		"e.2", `{"notice":"subscribed","cursor":"e.2","rooms":["a","b"]}`,
		"e.3@a", "e.4@b", `{"notice":"unsubscribed","cursor":"e.5","rooms":["a"]}`,
		"e.7@b",
	}, all(t, s))
}

func TestRoomsCanBeJoinedWhileTheHistoryIsRead(t *testing.T) {
	t.Parallel()
	f, o := start(t, 99, &feed.Options{Authorize: anyRoom})
	o.commit("a", "a", "b") // 100 to 102; the first is the last of its page
	o.published = 102
	require.NoError(t, f.Open(o, cursor(102))) // none of them is in memory
	s := listen(t, f, "last_event_id=e.0&room=b")
	require.Len(t, next(t, s), 1)
	require.Equal(t, cursors(1, 99), next(t, s))
	require.NoError(t, s.Join("a"))
	s.Leave("b")
	require.Equal(t, []string{`{"notice":"subscribed","rooms":["a"]}`, `{"notice":"unsubscribed","rooms":["b"]}`}, next(t, s))
	require.Equal(t, []string{"e.101@a", `{"notice":"position","cursor":"e.102"}`}, all(t, s))
	o.add(t, f, "a", "b", "")
	require.Equal(t, []string{"e.103@a", "e.105"}, all(t, s))
}

func TestRefusedJoinChangesNothing(t *testing.T) {
	t.Parallel()
	only := func(*http.Request) (feed.Rooms, error) { return feed.Only("a", "b"), nil }
	f, o := start(t, 0, &feed.Options{Authorize: only})
	s := listen(t, f, "")
	require.ErrorIs(t, s.Join("a", "c"), cnerium.ErrForbidden)
	require.ErrorIs(t, s.Join("a", ""), cnerium.ErrBadRequest)
	o.add(t, f, "a", "b", "c", "")
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.0"}`, "e.4"}, all(t, s))
}

func TestRoomsOfOneSubscriberAreLimited(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{Authorize: anyRoom})
	s := listen(t, f, "room=r0")
	var rooms []string
	for i := range 100 {
		rooms = append(rooms, "r"+strconv.Itoa(i))
	}
	require.NoError(t, s.Join(rooms...)) // it is in one of them already
	require.ErrorIs(t, s.Join("one more"), cnerium.ErrBadRequest)
	s.Leave("r5", "r6")
	require.NoError(t, s.Join("one more"))
	o.add(t, f, "r5", "r99", "one more")
	got := all(t, s)
	require.Equal(t, []string{"e.2@r99", "e.3@one more"}, got[len(got)-2:])
}

func TestLeavingRoomsThatItIsNotInDoesNotMatter(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, &feed.Options{Authorize: anyRoom})
	s, other := listen(t, f, "room=a"), listen(t, f, "room=b")
	s.Leave("b", "never heard of", "")
	o.add(t, f, "a", "b", "")
	require.Equal(t, []string{
		`{"notice":"welcome","cursor":"e.0","rooms":["a"]}`,
		`{"notice":"unsubscribed","cursor":"e.0","rooms":["b","never heard of",""]}`, "e.1@a", "e.3",
	}, all(t, s))
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.0","rooms":["b"]}`, "e.2@b", "e.3"}, all(t, other))
}

func TestRoomIsAskedForEachTime(t *testing.T) {
	t.Parallel()
	open := true
	f, o := start(t, 0, &feed.Options{Authorize: func(*http.Request) (feed.Rooms, error) {
		return func(string) bool { return open }, nil
	}})
	s := listen(t, f, "room=a")
	open = false
	require.ErrorIs(t, s.Join("b"), cnerium.ErrForbidden)
	o.add(t, f, "a", "b")
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.0","rooms":["a"]}`, "e.1@a", `{"notice":"position","cursor":"e.2"}`}, all(t, s))
}

func TestFailTellsWhatWentWrong(t *testing.T) {
	t.Parallel()
	f, _ := start(t, 4, nil)
	s := listen(t, f, "")
	s.Fail(`no such thing as "x"`)
	require.Equal(t, []string{
		`{"notice":"welcome","cursor":"e.4"}`,
		`{"notice":"error","cursor":"e.4","detail":"no such thing as \"x\""}`,
	}, all(t, s))
}

func TestEventsAreTheOnesOfTheApp(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, nil)
	s := listen(t, f, "")
	require.Len(t, next(t, s), 1)
	o.add(t, f, "")
	batch, err := s.Next(t.Context(), 0)
	require.NoError(t, err)
	want, err := o.events[0].MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, []feed.Message{{Cursor: "e.1", Data: want}}, batch)
}

func TestPublishRefusesDataThatIsNotJSON(t *testing.T) {
	t.Parallel()
	f, o := start(t, 0, nil)
	s := listen(t, f, "")
	o.commit("", "")
	o.events[1].Data = []byte("{")
	require.ErrorContains(t, f.Publish(t.Context(), o.events), fmt.Sprintf("event %s", o.events[1].ID))
	o.events[1].Data = []byte("{}")
	o.publish(t, f, 2)
	require.Equal(t, []string{`{"notice":"welcome","cursor":"e.0"}`, "e.1", "e.2"}, all(t, s))
}
