package openapi

import (
	sv "github.com/sv-tools/openapi"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// field is a member of an object that this package describes by itself.
type field struct {
	name     string
	schema   schemaRef
	optional bool
}

// objectOf returns an object with the members, in their order.
func objectOf(text string, fields ...field) schemaRef {
	spec := &sv.Schema{
		Type:        sv.NewSingleOrArray(sv.ObjectType),
		Description: text,
		Properties:  make(map[string]schemaRef, len(fields)),
	}
	order := make([]string, len(fields))
	for i, f := range fields {
		order[i] = f.name
		spec.Properties[f.name] = f.schema
		if !f.optional {
			spec.Required = append(spec.Required, f.name)
		}
	}
	spec.Extensions = map[string]any{orderKey: order}
	return wrap(spec)
}

// of is a scalar with a description.
func of(kind, text string) schemaRef {
	return wrap(&sv.Schema{Type: sv.NewSingleOrArray(kind), Description: text})
}

// formatted is a string of a format, with a description.
func formatted(format, text string) schemaRef {
	return wrap(&sv.Schema{Type: sv.NewSingleOrArray(sv.StringType), Format: format, Description: text})
}

// constant is one string.
func constant(value string) schemaRef { return wrap(&sv.Schema{Const: value}) }

// oneOf is one of some strings.
func oneOf(values ...any) schemaRef {
	return wrap(&sv.Schema{Type: sv.NewSingleOrArray(sv.StringType), Enum: values})
}

// list is an array of texts.
func list(text string) schemaRef {
	return wrap(&sv.Schema{
		Type:        sv.NewSingleOrArray(sv.ArrayType),
		Description: text,
		Items:       sv.NewBoolOrSchema(of(sv.StringType, "")),
	})
}

// envelope is what is around the data of every event.
func envelope() schemaRef {
	return objectOf(envelopeText,
		field{name: "specversion", schema: constant("1.0")},
		field{name: "id", schema: of(sv.StringType, eventIDText)},
		field{name: "source", schema: formatted(sv.URIReferenceFormat, eventSourceText)},
		field{name: "type", schema: of(sv.StringType, "What has happened.")},
		field{name: "subject", schema: of(sv.StringType, "What it has happened to."), optional: true},
		field{name: "time", schema: formatted(sv.DateTimeFormat, "When it was emitted, in UTC.")},
		field{name: "datacontenttype", schema: constant("application/json")},
		field{name: "room", schema: of(sv.StringType, eventRoomText), optional: true},
		field{name: "cursor", schema: of(sv.StringType, eventCursorText)},
		field{name: "data", schema: wrap(new(sv.Schema))},
	)
}

// event is the envelope with the type and the data of one kind of event.
func (b *builder) event(envelope string, e *contract.Event) schemaRef {
	own := objectOf("", field{name: "type", schema: constant(e.Type)}, field{name: "data", schema: b.schema(e.Data)})
	return wrap(&sv.Schema{AllOf: []schemaRef{b.reference(envelope), own}})
}

// notice is what the server says about a connection.
func notice() schemaRef {
	return objectOf("",
		field{name: "notice", schema: oneOf("welcome", "subscribed", "unsubscribed", "position", "error")},
		field{name: "cursor", schema: of(sv.StringType, eventCursorText), optional: true},
		field{name: "recovered", schema: of(sv.BooleanType, recoveredText), optional: true},
		field{name: "rooms", schema: list("The rooms that it is about."), optional: true},
		field{name: "detail", schema: of(sv.StringType, "Why a wish was not granted."), optional: true},
	)
}

// wish is what a client can ask for.
func wish() schemaRef {
	rooms, least := list(""), 1
	rooms.Spec.MinItems = &least
	r := objectOf("", field{name: "action", schema: oneOf("subscribe", "unsubscribe")}, field{name: "rooms", schema: rooms})
	r.Spec.AdditionalProperties = sv.NewBoolOrSchema(false)
	return r
}

// query has the parameters of a request to listen.
func query() schemaRef {
	return objectOf("",
		field{name: "room", schema: list(roomsText), optional: true},
		field{name: "last_event_id", schema: of(sv.StringType, lastEventText), optional: true},
	)
}
