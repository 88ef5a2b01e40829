package feed

import (
	"fmt"
	"net/http"
	"slices"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Rooms tells which rooms a subscriber may join. Nil is none. It is called
// each time that the subscriber asks to join one, so what it answers may
// change; a room that was joined is not asked for again.
type Rooms func(room string) bool

// Only allows the given rooms.
func Only(rooms ...string) Rooms {
	rooms = slices.Clone(rooms)
	return func(room string) bool { return slices.Contains(rooms, room) }
}

// Any is the [Rooms] that allows every room.
func Any(string) bool { return true }

const (
	maxRooms    = 100 // of one subscriber: each costs the feed memory
	maxRoomName = 255 // bytes, as of an event's room
)

// check returns why the rooms cannot be joined. The error is for the client.
func (allowed Rooms) check(rooms []string) error {
	if len(rooms) > maxRooms {
		return cnerium.BadRequest(fmt.Sprintf("these are more than %d rooms", maxRooms))
	}
	for _, room := range rooms {
		switch {
		case room == "":
			return cnerium.BadRequest("a room has an empty name")
		case len(room) > maxRoomName:
			return cnerium.BadRequest(fmt.Sprintf("the name of a room has more than %d bytes", maxRoomName))
		case allowed == nil || !allowed(room):
			return cnerium.Errorf(http.StatusForbidden, "the room %q is not open to this client", room)
		}
	}
	return nil
}

// Join lets the subscriber into the rooms, from now on, and queues the notice
// "subscribed". When one of them is not open to it, it joins none, and the
// error is a *cnerium.Error that says why.
func (s *Subscriber) Join(rooms ...string) error {
	if err := s.allowed.check(rooms); err != nil {
		return err
	}
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	fresh := 0
	for _, room := range rooms {
		if _, ok := s.rooms[room]; !ok {
			fresh++
		}
	}
	if len(s.rooms)+fresh > maxRooms {
		return cnerium.BadRequest(fmt.Sprintf("these are more than %d rooms with those that were joined before", maxRooms))
	}
	for _, room := range rooms {
		s.rooms[room] = struct{}{}
		if s.live {
			s.feed.enter(s, room)
		}
	}
	s.tell(notice{Notice: Subscribed, Rooms: rooms})
	return nil
}

// Leave takes the subscriber out of the rooms and queues the notice
// "unsubscribed". Rooms that it is not in do not matter.
func (s *Subscriber) Leave(rooms ...string) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	for _, room := range rooms {
		delete(s.rooms, room)
		if s.live && room != "" {
			s.feed.exit(s, room)
		}
	}
	s.tell(notice{Notice: Unsubscribed, Rooms: rooms})
}

// Fail queues the notice "error", for something that the client has asked for
// and will not get.
func (s *Subscriber) Fail(detail string) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.tell(notice{Notice: Failure, Detail: detail})
}

// tell queues a notice. A live subscriber has got, or will get before it, all
// that was published so far, so the notice tells it where it is. The caller
// holds the feed's mu.
func (s *Subscriber) tell(n notice) {
	if s.live {
		n.Cursor = s.feed.recent.position()
	}
	if !s.push([]published{{Message: n.message()}}) {
		s.feed.detach(s)
	}
}
