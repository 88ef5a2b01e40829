package ws

import (
	"net/http"
	"slices"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// join subscribes a client to its rooms, or tells why it may not. One that has
// joined leaves in the end.
func (h *Hub) join(c *client) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return cnerium.ServiceUnavailable("the server is going away; connect again", time.Second)
	}
	if len(h.clients) >= h.opts.MaxClients {
		return cnerium.ServiceUnavailable("too many clients are connected; try again later", 10*time.Second)
	}
	h.active.Add(1)
	h.clients[c] = struct{}{}
	for _, room := range c.rooms {
		if h.rooms[room] == nil {
			h.rooms[room] = make(map[*client]struct{})
		}
		h.rooms[room][c] = struct{}{}
	}
	return nil
}

func (h *Hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, room := range c.rooms {
		delete(h.rooms[room], c)
		if len(h.rooms[room]) == 0 {
			delete(h.rooms, room)
		}
	}
	delete(h.clients, c)
	h.active.Done()
}

// maxRooms is how many rooms one client may join: each costs the hub memory.
const maxRooms = 100

// authorize returns the rooms that the request names and may join, or the
// answer that refuses it.
func (h *Hub) authorize(r *http.Request) ([]string, error) {
	rooms := r.URL.Query()["room"]
	if len(rooms) > maxRooms {
		return nil, cnerium.Errorf(http.StatusBadRequest, "the request names more than %d rooms", maxRooms)
	}
	if slices.Contains(rooms, "") {
		return nil, cnerium.BadRequest("a room has an empty name")
	}
	if h.opts.Authorize != nil {
		return rooms, h.opts.Authorize(r, rooms)
	}
	if len(rooms) > 0 {
		return nil, cnerium.Forbidden("rooms need an authorization, and this server has none")
	}
	return nil, nil
}
