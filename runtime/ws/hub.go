package ws

import (
	"net/http"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

var (
	_ cnerium.Broadcaster = (*Hub)(nil)
	_ http.Handler        = (*Hub)(nil)
)

// Options configure a [Hub]. The zero value, and nil, are the defaults.
type Options struct {
	// AllowedOrigins, Authorize, QueueSize, QueueBytes and Recent are those of
	// [feed.Options], with its defaults: pages of the same host may connect,
	// and nobody may join a room.
	AllowedOrigins []string
	Authorize      func(r *http.Request) (feed.Rooms, error)
	QueueSize      int
	QueueBytes     int
	Recent         int

	// MaxClients is how many may be connected at once, with those of other
	// carriers that share the hub's feed; one more is refused with 503.
	// Default 10,000.
	MaxClients int

	// PingInterval is the time between pings to a client. Default 30s.
	PingInterval time.Duration

	// WriteTimeout is the time that a client has to take what is written to it
	// at once, which is 16 KiB or one message that is larger, to answer a
	// ping, and to answer when the hub closes its connection. A client that
	// does not is cut off. Default 10s.
	WriteTimeout time.Duration
}

// The defaults of Options.
const (
	defaultPingInterval = 30 * time.Second
	defaultWriteTimeout = 10 * time.Second
)

// Hub sends committed events to the clients that are connected to it. Make one
// with [NewHub]. All methods are safe for concurrent use.
//
// Its Feed is the broadcaster of the [cnerium.App], which opens it, publishes
// to it and closes it; other carriers, such as Server-Sent Events, can share
// it. Give the App the hub or its Feed, not both: its clients would get each
// event twice. When the App closes, every client gets what still waits for it, and its
// connection ends with status 1001.
type Hub struct {
	*feed.Feed

	pingInterval time.Duration
	writeTimeout time.Duration
}

// NewHub returns a hub without clients. Nil options are the defaults; so is a
// number or a duration that is not positive. Until the App has started,
// clients are refused with 503.
func NewHub(opts *Options) *Hub {
	if opts == nil {
		opts = &Options{}
	}
	h := &Hub{
		Feed: feed.New(&feed.Options{
			AllowedOrigins: opts.AllowedOrigins,
			Authorize:      opts.Authorize,
			MaxSubscribers: opts.MaxClients,
			QueueSize:      opts.QueueSize,
			QueueBytes:     opts.QueueBytes,
			Recent:         opts.Recent,
		}),
		pingInterval: opts.PingInterval,
		writeTimeout: opts.WriteTimeout,
	}
	if h.pingInterval <= 0 {
		h.pingInterval = defaultPingInterval
	}
	if h.writeTimeout <= 0 {
		h.writeTimeout = defaultWriteTimeout
	}
	return h
}
