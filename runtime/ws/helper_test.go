package ws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// event returns an event as a store would hand it over.
func event(id int, room string) cnerium.Event {
	return cnerium.Event{
		ID:        strconv.Itoa(id),
		Cursor:    "c." + strconv.Itoa(id),
		Operation: "orders.create",
		Room:      room,
		Type:      "order.created",
		Time:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Data:      json.RawMessage(`{"order_id":"ord_1"}`),
	}
}

// journal is a history in memory. Its first cursor is c.0.
type journal struct {
	mu     sync.Mutex
	events []cnerium.Event
	broken map[string]func() error // by the cursor after which it is
}

func (j *journal) Events(_ context.Context, after string, limit int) ([]cnerium.Event, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if fail := j.broken[after]; fail != nil {
		return nil, fail()
	}
	begin := -1
	if after == "c.0" {
		begin = 0
	}
	for i := range j.events {
		if j.events[i].Cursor == after {
			begin = i + 1
		}
	}
	if begin < 0 {
		return nil, cnerium.ErrCursor
	}
	return j.events[begin:min(len(j.events), begin+limit)], nil
}

func (j *journal) add(events []cnerium.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, events...)
}

func (j *journal) breakAfter(cursor string, fail func() error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.broken = map[string]func() error{cursor: fail}
}

func (j *journal) failAfter(cursor string) {
	j.breakAfter(cursor, func() error { return errors.New("disk is gone") })
}

func (j *journal) panicAfter(cursor string) {
	j.breakAfter(cursor, func() error { panic("history is broken") })
}

// site is an open hub with its history and, mostly, a server.
type site struct {
	hub     *ws.Hub
	journal *journal
	url     string
	log     *safeLog // of the server
}

func newSite(t testing.TB, opts *ws.Options) *site {
	t.Helper()
	s := &site{hub: ws.NewHub(opts), journal: &journal{}, log: &safeLog{}}
	require.NoError(t, s.hub.Open(s.journal, "c.0"))
	return s
}

// serve returns a hub behind a real server.
func serve(t *testing.T, opts *ws.Options) *site {
	t.Helper()
	s := newSite(t, opts)
	server := httptest.NewUnstartedServer(s.hub)
	server.Config.ErrorLog = log.New(s.log, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { require.NoError(t, s.hub.Close(context.Background())) })
	s.url = server.URL
	return s
}

func listen(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// publish hands over events that are numbered from first to last.
func (s *site) publish(t *testing.T, first, last int) {
	t.Helper()
	var events []cnerium.Event
	for id := first; id <= last; id++ {
		events = append(events, event(id, ""))
	}
	s.publishAll(t, events)
}

func (s *site) publishAll(t *testing.T, events []cnerium.Event) {
	t.Helper()
	s.journal.add(events)
	require.NoError(t, s.hub.Publish(t.Context(), events))
}

// safeLog collects lines from several goroutines.
type safeLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// requireLogged waits for a line of the server's log: it comes after the
// connection has ended.
func (s *site) requireLogged(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), text) }, time.Minute, time.Millisecond)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// message is what a client gets: an event or a notice.
type message struct {
	Notice    string   `json:"notice"`
	ID        string   `json:"id"`
	Cursor    string   `json:"cursor"`
	Room      string   `json:"room"`
	Type      string   `json:"type"`
	Recovered *bool    `json:"recovered"`
	Rooms     []string `json:"rooms"`
	Detail    string   `json:"detail"`
}

// read returns the next message.
func read(ctx context.Context, conn *websocket.Conn) (message, error) {
	_, text, err := conn.Read(ctx)
	if err != nil {
		return message{}, err
	}
	var m message
	return m, json.Unmarshal(text, &m)
}

func next(t *testing.T, conn *websocket.Conn) message {
	t.Helper()
	m, err := read(t.Context(), conn)
	require.NoError(t, err)
	return m
}

// requireIDs reads the events from first to last, in their order, and nothing
// between them.
func requireIDs(t *testing.T, conn *websocket.Conn, first, last int) {
	t.Helper()
	for want := first; want <= last; want++ {
		got := next(t, conn)
		require.Equal(t, strconv.Itoa(want), got.ID, "%+v", got)
		require.Equal(t, "c."+strconv.Itoa(want), got.Cursor)
	}
}

// requireClosed requires that the connection ends now, and how.
func requireClosed(t *testing.T, conn *websocket.Conn, status websocket.StatusCode, reason string) {
	t.Helper()
	_, text, err := conn.Read(t.Context())
	require.Error(t, err, string(text))
	require.Equal(t, status, websocket.CloseStatus(err), "%v", err)
	require.ErrorContains(t, err, reason)
}

// dial returns a connected client, which is gone when the test ends.
func dial(t *testing.T, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, opts)
	require.NoError(t, err)
	conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// join returns a connected client and its welcome.
func join(t *testing.T, url string) (*websocket.Conn, message) {
	t.Helper()
	conn := dial(t, url, nil)
	welcome := next(t, conn)
	require.Equal(t, feed.Welcome, welcome.Notice)
	return conn, welcome
}

func say(t *testing.T, conn *websocket.Conn, text string) {
	t.Helper()
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(text)))
}

// refused returns the answer to a handshake that must fail.
func refused(t *testing.T, url string, header http.Header) *http.Response {
	t.Helper()
	_, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
	require.Error(t, err)
	require.NotNil(t, resp)
	return resp
}

func anyRoom(*http.Request) (feed.Rooms, error) { return feed.Any, nil }

// upgrade is a handshake by hand, for clients that a library would not be.
func upgrade(conn net.Conn) error {
	_, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: pipe\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + strings.Repeat("A", 22) + "==\r\n\r\n"))
	return err
}
