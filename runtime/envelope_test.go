package cnerium_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	cloudevent "github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func TestEventIsACloudEvent(t *testing.T) {
	t.Parallel()
	e := cnerium.Event{
		ID: "e1.1", Cursor: "e1.2", Operation: "orders.create", Type: "order.created", Room: "tenant-1", Subject: "7",
		Time: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.FixedZone("", 3600)),
		Data: json.RawMessage(`{"id":7,"lines":[{"product":"p1"}]}`),
	}
	got, err := json.Marshal(e)
	require.NoError(t, err)
	require.Equal(t, `{"specversion":"1.0","id":"e1.1","source":"urn:cnerium:operation:orders.create",`+
		`"type":"order.created","subject":"7","time":"2026-01-02T02:04:05.006Z","datacontenttype":"application/json",`+
		`"room":"tenant-1","cursor":"e1.2","data":{"id":7,"lines":[{"product":"p1"}]}}`, string(got))
	requireCloudEvent(t, e)
	e.Room, e.Subject = "", ""
	got, err = json.Marshal(e)
	require.NoError(t, err)
	require.NotContains(t, string(got), "room")
	require.NotContains(t, string(got), "subject")
	requireCloudEvent(t, e)
}

// requireCloudEvent checks the wire form with the official SDK.
func requireCloudEvent(t require.TestingT, e cnerium.Event) {
	wire, err := json.Marshal(e)
	require.NoError(t, err)
	var got cloudevent.Event
	require.NoError(t, json.Unmarshal(wire, &got))
	require.NoError(t, got.Validate(), "%s", wire)
	require.Equal(t, "1.0", got.SpecVersion())
	require.Equal(t, e.ID, got.ID())
	require.Equal(t, e.Type, got.Type())
	require.Equal(t, e.Subject, got.Subject())
	require.Equal(t, "application/json", got.DataContentType())
	require.Empty(t, got.DataSchema())
	require.True(t, e.Time.Equal(got.Time()), "%s", got.Time())
	require.True(t, strings.HasPrefix(got.Source(), "urn:cnerium:operation:"), got.Source())
	extensions := map[string]any{"cursor": e.Cursor}
	if e.Room != "" {
		extensions["room"] = e.Room
	}
	require.Equal(t, extensions, got.Extensions())
	require.JSONEq(t, string(e.Data), string(got.Data()))
}

// attributes are texts that an event may carry in an attribute.
func attributes() *rapid.Generator[string] {
	allowed := rapid.Rune().Filter(func(r rune) bool {
		return !unicode.IsControl(r) && !unicode.Is(unicode.Noncharacter_Code_Point, r) && r != unicode.ReplacementChar
	})
	return rapid.StringOfN(allowed, 0, 60, 255)
}

// values are what encoding/json makes of JSON texts.
func values() *rapid.Generator[any] {
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Just[any](nil),
			rapid.Bool().AsAny(),
			rapid.Int64().AsAny(),
			rapid.Float64Range(-1e300, 1e300).AsAny(),
			rapid.String().AsAny(),
			rapid.SliceOfN(values(), 0, 3).AsAny(),
			rapid.MapOfN(rapid.String(), values(), 0, 3).AsAny(),
		)
	})
}

// subjected is data with a subject of its own.
type subjected struct {
	Value   any `json:"value"`
	subject string
}

func (s subjected) EventSubject() string { return s.subject }

func TestWhatIsEmittedIsACloudEventWhateverItSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		room, subject := attributes().Draw(t, "room"), attributes().Draw(t, "subject")
		eventType := attributes().Filter(func(s string) bool { return s != "" }).Draw(t, "type")
		operation := rapid.StringN(1, 20, -1).Draw(t, "operation")
		value := values().Draw(t, "value")
		got := emitted(t, operation, func(ctx context.Context) error {
			if room == "" {
				return cnerium.Emit(ctx, eventType, subjected{value, subject})
			}
			return cnerium.EmitTo(ctx, room, eventType, subjected{value, subject})
		})
		require.Equal(t, []string{room, eventType, subject, operation}, []string{got.Room, got.Type, got.Subject, got.Operation})
		want, err := json.Marshal(subjected{Value: value})
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got.Data))
		// The SDK refuses what has nothing but spaces; CloudEvents does not.
		if strings.TrimSpace(eventType) != "" && (subject == "" || strings.TrimSpace(subject) != "") {
			requireCloudEvent(t, got)
		}
	})
}

// emitted runs a handler that emits one event, and returns it as stored.
func emitted(t *rapid.T, operation string, emit func(ctx context.Context) error) cnerium.Event {
	store := unclosed{memstore.New(nil)}
	app, do := inBubbleWith(t, store, &cnerium.Options{}, cnerium.Route{
		Pattern: "POST /orders", Operation: operation,
		Bind: func(*cnerium.Request) (cnerium.Call, error) {
			return func(ctx context.Context) (*cnerium.Response, error) { return cnerium.NoContent(), emit(ctx) }, nil
		},
	})
	got := do("k", "")
	require.Equal(t, http.StatusNoContent, got.Code, got.Body)
	require.NoError(t, app.Close(context.Background()))
	events, err := store.Events(context.Background(), "", 2)
	require.NoError(t, err)
	require.Len(t, events, 1)
	return events[0]
}

func TestAnEventBeyondALimitFailsItsOperationEvenIfTheHandlerIgnoresIt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	for name, emit := range map[string]func(ctx context.Context) error{
		"no room":             func(ctx context.Context) error { return cnerium.EmitTo(ctx, "", "t", 1) },
		"no type":             func(ctx context.Context) error { return cnerium.Emit(ctx, "", 1) },
		"long type":           func(ctx context.Context) error { return cnerium.Emit(ctx, long, 1) },
		"long room":           func(ctx context.Context) error { return cnerium.EmitTo(ctx, long, "t", 1) },
		"long subject":        func(ctx context.Context) error { return cnerium.Emit(ctx, "t", subjected{1, long}) },
		"type not UTF-8":      func(ctx context.Context) error { return cnerium.Emit(ctx, "t\xff", 1) },
		"room not UTF-8":      func(ctx context.Context) error { return cnerium.EmitTo(ctx, "r\xff", "t", 1) },
		"subject not UTF-8":   func(ctx context.Context) error { return cnerium.Emit(ctx, "t", subjected{1, "s\xff"}) },
		"control in type":     func(ctx context.Context) error { return cnerium.Emit(ctx, "t\n", 1) },
		"C1 control in room":  func(ctx context.Context) error { return cnerium.EmitTo(ctx, "r\u0085", "t", 1) },
		"NUL in subject":      func(ctx context.Context) error { return cnerium.Emit(ctx, "t", subjected{1, "\x00"}) },
		"noncharacter":        func(ctx context.Context) error { return cnerium.Emit(ctx, "t\ufffe", 1) },
		"noncharacter beyond": func(ctx context.Context) error { return cnerium.Emit(ctx, "t\U0010ffff", 1) },
		"large data":          func(ctx context.Context) error { return cnerium.Emit(ctx, "t", strings.Repeat("x", 99)) },
		"too many": func(ctx context.Context) error {
			for range 3 {
				if err := cnerium.Emit(ctx, "t", 1); err != nil {
					return err
				}
			}
			return cnerium.Emit(ctx, "t", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memstore.New(nil)
			failed := make(chan error, 1)
			s := serve(t, store, &cnerium.Options{MaxEvent: 100, MaxEvents: 3}, create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
				failed <- emit(ctx)
				return cnerium.NoContent(), nil
			}))
			s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
			require.Error(t, <-failed)
			require.Empty(t, after(t, store, ""))
		})
	}
}

func TestEventsAtTheLimitsPass(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("ü", 127) + "x" // 255 bytes
	store := memstore.New(nil)
	s := serve(t, store, &cnerium.Options{MaxEvent: 100, MaxEvents: 3}, create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
		for range 3 {
			if err := cnerium.EmitTo(ctx, longest, longest, stringer{strings.Repeat("x", 98), longest}); err != nil {
				return nil, err
			}
		}
		return cnerium.NoContent(), nil
	}))
	require.Equal(t, http.StatusNoContent, s.do(request{key: "k", body: body}).status)
	require.Len(t, after(t, store, ""), 3)
}

func TestDataOfAClientCanBeReadByEverybody(t *testing.T) {
	t.Parallel()
	nested := func(depth int) string { return strings.Repeat(`[{"":`, depth/2) + "0" + strings.Repeat("}]", depth/2) }
	brackets := `"` + strings.Repeat(`\"[{\\`, 1500) + `"`
	for name, test := range map[string]struct{ body, want string }{ // want is "" for a failure
		"not UTF-8":           {"[\"a\xffb\xc3\"]", "[\"a\ufffdb\ufffd\"]"},
		"nested deep":         {nested(1000), nested(1000)},
		"nested too deep":     {nested(1002), ""},
		"brackets in a text":  {brackets, brackets},
		"too deep behind one": {`[` + brackets + `,` + nested(1000) + `]`, ""},
		"side by side":        {`[` + strings.Repeat("[],", 2000) + `0]`, `[` + strings.Repeat("[],", 2000) + `0]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memstore.New(nil)
			s := serve(t, store, nil, cnerium.Route{
				Pattern: "POST /orders", Operation: "orders.create",
				Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
					return cnerium.NoContent(), cnerium.Emit(req.Context(), "t", json.RawMessage(req.Body()))
				},
			})
			status := s.do(request{key: "k", body: test.body}).status
			if test.want == "" {
				require.Equal(t, http.StatusInternalServerError, status)
				require.Empty(t, after(t, store, ""))
				return
			}
			require.Equal(t, http.StatusNoContent, status)
			events, err := store.Events(t.Context(), "", 2)
			require.NoError(t, err)
			require.Len(t, events, 1)
			require.Equal(t, test.want, string(events[0].Data))
			_, err = json.Marshal(events[0])
			require.NoError(t, err)
		})
	}
}

func TestTheDefaultLimitsOfEvents(t *testing.T) {
	t.Parallel()
	store := memstore.New(nil)
	s := serve(t, store, nil, create(func(ctx context.Context, in order) (*cnerium.Response, error) {
		for range in.Quantity {
			if err := cnerium.Emit(ctx, "t", 1); err != nil {
				return nil, err
			}
		}
		return cnerium.NoContent(), cnerium.Emit(ctx, "large", strings.Repeat("x", len(in.Product)))
	}))
	data := func(n int) string { return `{"quantity":999,"product":"` + strings.Repeat("x", n-2) + `"}` }
	require.Equal(t, http.StatusNoContent, s.do(request{key: "a", body: data(256 << 10)}).status)
	require.Equal(t, http.StatusInternalServerError, s.do(request{key: "b", body: data(256<<10 + 1)}).status)
	require.Equal(t, http.StatusInternalServerError, s.do(request{key: "c", body: `{"quantity":1000}`}).status)
	head, err := store.Head(t.Context())
	require.NoError(t, err)
	events, err := store.Events(t.Context(), "", 2000)
	require.NoError(t, err)
	require.Len(t, events, 1000)
	require.Equal(t, head, events[999].Cursor)
}

// stringer is data that is a text, and has a subject.
type stringer struct{ text, subject string }

func (s stringer) MarshalJSON() ([]byte, error) { return json.Marshal(s.text) }
func (s stringer) EventSubject() string         { return s.subject }
