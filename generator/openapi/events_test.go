package openapi_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/openapi"
	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const itemPayload = "/components/messages/OrderCancelled/payload"

func eventsOf(t *testing.T, c *contract.Contract) []byte {
	t.Helper()
	document, err := openapi.Events(c, openapi.JSON)
	require.NoError(t, err)
	return document
}

func TestEventsOfTheRuntimeAreAsDocumented(t *testing.T) {
	t.Parallel()
	schema := compile(t, eventsOf(t, shop()), itemPayload, jsonschema.Draft7)
	event := cnerium.Event{
		ID: "e.1", Cursor: "e.1", Operation: "orders.cancel", Type: "order.cancelled",
		Time: time.Date(2026, 11, 22, 6, 30, 0, 1, time.UTC),
		Data: json.RawMessage(`{"product_id":"p","quantity":1}`),
	}
	validate := func(change func(*cnerium.Event)) error {
		e := event
		change(&e)
		text, err := json.Marshal(e)
		require.NoError(t, err)
		return schema.Validate(decode(t, string(text)))
	}
	require.NoError(t, validate(func(*cnerium.Event) {}))
	require.NoError(t, validate(func(e *cnerium.Event) { e.Room, e.Subject, e.Operation = "a", "o", "größe" }))
	require.Error(t, validate(func(e *cnerium.Event) { e.Type = "order.created" }), "another event")
	require.Error(t, validate(func(e *cnerium.Event) { e.Data = json.RawMessage(`{"product_id":"p"}`) }), "no quantity")
	require.Error(t, validate(func(e *cnerium.Event) { e.Data = json.RawMessage(`null`) }))
	require.Error(t, schema.Validate(decode(t, `{"type":"order.cancelled","data":{"product_id":"p","quantity":1}}`)), "no envelope")
}

// Draft 07, of which AsyncAPI is, passes over what stands beside a $ref.
func TestEventsHaveNothingBesideReferences(t *testing.T) {
	t.Parallel()
	c := shop()
	c.Types[2].Schema.Fields[1].Doc = "What has become of it."
	var look func(value any)
	look = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			if v["$ref"] != nil {
				require.Len(t, v, 1, "%v", v)
			}
			for _, part := range v {
				look(part)
			}
		case []any:
			for _, part := range v {
				look(part)
			}
		}
	}
	look(decode(t, string(eventsOf(t, c))))
}

func TestNoEventsNoDocument(t *testing.T) {
	t.Parallel()
	document, err := openapi.Events(minimal(), openapi.YAML)
	require.NoError(t, err)
	require.Nil(t, document)
}

func TestMessagesGiveWayToEvents(t *testing.T) {
	t.Parallel()
	c := shop()
	c.Types[1].Name, c.Types[2].Name = "CloudEvent", "CneriumCloudEvent"
	c.Events[0].Name, c.Events[1].Name = "Notice", "Wish"
	document := eventsOf(t, c)
	requireResolved(t, document)
	for _, name := range []string{"Notice", "Wish", "Notice_", "Wish_"} {
		_, found := lookUp(decode(t, string(document)), "/components/messages/"+name)
		require.True(t, found, name)
	}
	for _, name := range []string{"CloudEvent", "CneriumCloudEvent", "CneriumCloudEvent_2"} {
		_, found := lookUp(decode(t, string(document)), "/components/schemas/"+name)
		require.True(t, found, name)
	}
	event := compile(t, document, "/components/messages/Wish/payload", jsonschema.Draft7)
	require.Error(t, event.Validate(decode(t, `{"product_id":"p","quantity":1}`)), "the envelope is another type")
}
