package feed

import (
	"encoding/json"
	"fmt"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// The notices that a subscriber gets between events.
const (
	Welcome      = "welcome"      // the first message: where it begins, and whether it was recovered
	Subscribed   = "subscribed"   // it is in these rooms now
	Unsubscribed = "unsubscribed" // it has left these rooms
	Position     = "position"     // nothing for it up to this cursor
	Failure      = "error"        // what it asked for was refused
)

// Message is an event or a notice for one subscriber.
type Message struct {
	Notice string // which one it is; "" for an event
	Cursor string // where the subscriber is once it has the message; "" when that is where it was
	Data   []byte // JSON, shared with other subscribers: not to be changed
}

// notice is a message about the subscription itself.
type notice struct {
	Notice    string   `json:"notice"`
	Cursor    string   `json:"cursor,omitempty"`
	Recovered *bool    `json:"recovered,omitempty"` // only for who came with a cursor
	Rooms     []string `json:"rooms,omitempty"`
	Detail    string   `json:"detail,omitempty"`
}

func (n notice) message() Message {
	data, err := json.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("feed: encode notice: %v", err)) // it has nothing but strings
	}
	return Message{Notice: n.Notice, Cursor: n.Cursor, Data: data}
}

// published is an event as it goes to subscribers, encoded once for all.
type published struct {
	Message
	room string
}

func encode(events []cnerium.Event) ([]published, error) {
	all := make([]published, len(events))
	for i := range events {
		data, err := json.Marshal(&events[i])
		if err != nil {
			return nil, fmt.Errorf("encode event %s: %w", events[i].ID, err)
		}
		all[i] = published{Message: Message{Cursor: events[i].Cursor, Data: data}, room: events[i].Room}
	}
	return all, nil
}
