package openapi

import (
	"slices"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// The channels, which are the two ways to listen.
const (
	webSocket = "webSocket"
	sse       = "serverSentEvents"
)

// asyncDocument is an AsyncAPI 3.0 document. It tells of the server: events
// are what it sends.
type asyncDocument struct {
	AsyncAPI           string                    `json:"asyncapi"`
	Info               asyncInfo                 `json:"info"`
	DefaultContentType string                    `json:"defaultContentType"`
	Channels           map[string]asyncChannel   `json:"channels"`
	Operations         map[string]asyncOperation `json:"operations"`
	Components         asyncComponents           `json:"components"`
}

type asyncInfo struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Version     string `json:"version"`
}

// asyncChannel has no address: it is not known here.
type asyncChannel struct {
	Title       string              `json:"title"`
	Description string              `json:"description"`
	Messages    map[string]asyncRef `json:"messages"`
	Bindings    map[string]any      `json:"bindings,omitempty"`
}

type asyncRef struct {
	Ref string `json:"$ref"`
}

type asyncOperation struct {
	Action   string         `json:"action"`
	Channel  asyncRef       `json:"channel"`
	Summary  string         `json:"summary"`
	Messages []asyncRef     `json:"messages"`
	Bindings map[string]any `json:"bindings,omitempty"`
}

// asyncBinding says how a connection is made (AsyncAPI bindings for http and
// for ws).
type asyncBinding struct {
	Method         string    `json:"method"`
	Query          schemaRef `json:"query"`
	BindingVersion string    `json:"bindingVersion"`
}

type asyncComponents struct {
	Messages map[string]asyncMessage `json:"messages"`
	Schemas  map[string]schemaRef    `json:"schemas"`
}

type asyncMessage struct {
	Name        string    `json:"name"`
	Title       string    `json:"title"`
	Summary     string    `json:"summary,omitempty"`
	Description string    `json:"description,omitempty"`
	ContentType string    `json:"contentType,omitempty"`
	Payload     schemaRef `json:"payload"`
}

// asyncBuilder makes the parts of an asyncDocument.
type asyncBuilder struct {
	c        *contract.Contract
	schemas  *builder
	envelope string // name of its schema
	messages map[string]asyncMessage
	events   []string // names of the messages
	notice   string   // name of the message
	wish     string   // name of the message
}

func newAsyncDocument(c *contract.Contract) *asyncDocument {
	var roots []*contract.Schema
	for _, e := range c.Events {
		roots = append(roots, e.Data)
	}
	names := nameTypes(c, nil)
	b := &asyncBuilder{
		c:        c,
		schemas:  &builder{prefix: "#/components/schemas/", names: names, draft07: true},
		envelope: names.own("CloudEvent"),
		messages: map[string]asyncMessage{},
	}
	b.addMessages()
	schemas := b.schemas.components(reach(roots))
	schemas[b.envelope] = envelope()
	doc := &asyncDocument{
		AsyncAPI:           "3.0.0",
		Info:               asyncInfo{Title: c.Title, Description: description(c.Doc, ""), Version: version},
		DefaultContentType: "application/json",
		Components:         asyncComponents{Messages: b.messages, Schemas: schemas},
	}
	doc.Channels = map[string]asyncChannel{webSocket: b.webSocket(), sse: b.sse()}
	doc.Operations = b.operations()
	return doc
}

// addMessages adds the events, and what is said about a connection.
func (b *asyncBuilder) addMessages() {
	for _, e := range b.c.Events {
		name := b.free(ascii(e.Name))
		m := asyncMessage{
			Name:        e.Type,
			Title:       e.Type,
			ContentType: "application/cloudevents+json",
			Payload:     b.schemas.event(b.envelope, e),
		}
		m.Summary, m.Description = synopsis(e.Doc, e.Deprecated)
		b.messages[name] = m
		b.events = append(b.events, name)
	}
	b.notice, b.wish = b.free("Notice"), b.free("Wish")
	b.messages[b.notice] = asyncMessage{Name: "notice", Title: "notice", Summary: noticeText, Payload: notice()}
	b.messages[b.wish] = asyncMessage{Name: "wish", Title: "wish", Summary: wishText, Payload: wish()}
}

// free returns the name, or one like it that no message has.
func (b *asyncBuilder) free(name string) string {
	for {
		if _, taken := b.messages[name]; !taken {
			return name
		}
		name += "_"
	}
}

func (b *asyncBuilder) webSocket() asyncChannel {
	return asyncChannel{
		Title:       "Events over WebSocket",
		Description: webSocketText,
		Messages:    b.messageRefs(append(b.outgoing(), b.wish)),
		Bindings:    map[string]any{"ws": asyncBinding{Method: "GET", Query: query(), BindingVersion: "0.1.0"}},
	}
}

func (b *asyncBuilder) sse() asyncChannel {
	return asyncChannel{
		Title:       "Events over Server-Sent Events",
		Description: sseText,
		Messages:    b.messageRefs(b.outgoing()),
	}
}

// outgoing are the messages of the server.
func (b *asyncBuilder) outgoing() []string {
	return append(slices.Clip(b.events), b.notice)
}

func (b *asyncBuilder) messageRefs(names []string) map[string]asyncRef {
	refs := make(map[string]asyncRef, len(names))
	for _, name := range names {
		refs[name] = asyncRef{"#/components/messages/" + name}
	}
	return refs
}

func (b *asyncBuilder) operations() map[string]asyncOperation {
	http := map[string]any{"http": asyncBinding{Method: "GET", Query: query(), BindingVersion: "0.3.0"}}
	return map[string]asyncOperation{
		"sendOverWebSocket":        operate("send", webSocket, "Sends events and notices.", b.outgoing(), nil),
		"sendOverServerSentEvents": operate("send", sse, "Sends events and notices.", b.outgoing(), http),
		"receiveOverWebSocket":     operate("receive", webSocket, "Receives what a client wishes.", []string{b.wish}, nil),
	}
}

func operate(action, channel, summary string, messages []string, bindings map[string]any) asyncOperation {
	op := asyncOperation{
		Action:   action,
		Channel:  asyncRef{"#/channels/" + channel},
		Summary:  summary,
		Bindings: bindings,
	}
	for _, name := range messages {
		op.Messages = append(op.Messages, asyncRef{"#/channels/" + channel + "/messages/" + name})
	}
	return op
}
