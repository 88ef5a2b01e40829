package openapi

import sv "github.com/sv-tools/openapi"

// The headers of the protocol, as the runtime has them.
const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotency-Replayed"
	cursorHeader   = "Event-Cursor"
	retryHeader    = "Retry-After"
)

// The problem types of the runtime that a client acts on.
const (
	typeKeyReused      = "urn:cnerium:problem:key-reused"
	typeInFlight       = "urn:cnerium:problem:in-flight"
	typeOutcomeUnknown = "urn:cnerium:problem:outcome-unknown"
)

// shared are the components that all documents have. Their names give way to
// those of types.
type shared struct {
	schemas *builder
	problem string          // name of the schema
	used    map[string]bool // responses
}

func newShared(schemas *builder) shared {
	return shared{schemas: schemas, problem: schemas.names.own("Problem"), used: map[string]bool{}}
}

// key returns a reference to the parameter of the key.
func (s *shared) key() *sv.RefOrSpec[sv.Extendable[sv.Parameter]] {
	return sv.NewRefOrExtSpec[sv.Parameter]("#/components/parameters/IdempotencyKey")
}

// response returns a reference to a response, which is then in the document.
func (s *shared) response(name string) *sv.RefOrSpec[sv.Extendable[sv.Response]] {
	s.used[name] = true
	return sv.NewRefOrExtSpec[sv.Response]("#/components/responses/" + name)
}

// headers returns references to headers.
func (s *shared) headers(names ...string) map[string]*sv.RefOrSpec[sv.Extendable[sv.Header]] {
	all := make(map[string]*sv.RefOrSpec[sv.Extendable[sv.Header]], len(names))
	for _, name := range names {
		all[name] = sv.NewRefOrExtSpec[sv.Header]("#/components/headers/" + name)
	}
	return all
}

// components returns the shared ones and the types. The operations are there
// already.
func (d *document) components() *sv.Components {
	c := &sv.Components{
		Schemas:    d.schemas.components(d.types),
		Responses:  map[string]*sv.RefOrSpec[sv.Extendable[sv.Response]]{},
		Parameters: map[string]*sv.RefOrSpec[sv.Extendable[sv.Parameter]]{},
		Headers:    map[string]*sv.RefOrSpec[sv.Extendable[sv.Header]]{},
	}
	d.shared.addRequest(c)
	d.shared.addHeaders(c)
	d.shared.addProblems(c)
	for name := range d.shared.used {
		c.Responses[name] = sv.NewRefOrExtSpec[sv.Response](d.shared.answer(name))
	}
	return c
}

func (s *shared) addRequest(c *sv.Components) {
	least, most := 1, 255
	c.Parameters["IdempotencyKey"] = sv.NewRefOrExtSpec[sv.Parameter](&sv.Parameter{
		In:          sv.InHeader,
		Name:        keyHeader,
		Description: keyText,
		Required:    true,
		Schema: wrap(&sv.Schema{
			Type:      sv.NewSingleOrArray(sv.StringType),
			Pattern:   `^[!-~]+$`,
			MinLength: &least,
			MaxLength: &most,
		}),
	})
}

func (s *shared) addHeaders(c *sv.Components) {
	for _, h := range []struct{ name, kind, text string }{
		{replayedHeader, sv.BooleanType, replayedText},
		{cursorHeader, sv.StringType, cursorText},
		{retryHeader, sv.IntegerType, retryText},
	} {
		c.Headers[h.name] = sv.NewRefOrExtSpec[sv.Header](&sv.Header{
			Description: h.text,
			Schema:      wrap(&sv.Schema{Type: sv.NewSingleOrArray(h.kind)}),
		})
	}
}

// addProblems adds the schemas of problem documents (RFC 9457).
func (s *shared) addProblems(c *sv.Components) {
	c.Schemas[s.problem] = objectOf(problemText,
		field{name: "type", schema: formatted(sv.URIReferenceFormat, problemTypeText)},
		field{name: "title", schema: of(sv.StringType, "What the status means.")},
		field{name: "status", schema: of(sv.IntegerType, "The status of the response.")},
		field{name: "detail", schema: of(sv.StringType, "What is wrong with this request, for a person."), optional: true},
	)
}

// conflict tells the kinds of 409 apart.
func (s *shared) conflict() schemaRef {
	own := []any{typeKeyReused, typeInFlight, typeOutcomeUnknown}
	var kinds []schemaRef
	for i, text := range []string{keyReusedText, inFlightText, outcomeUnknownText} {
		kinds = append(kinds, s.ofType(&sv.Schema{Const: own[i]}, text))
	}
	others := &sv.Schema{Not: wrap(&sv.Schema{Enum: own})}
	kinds = append(kinds, s.ofType(others, otherConflictText))
	return wrap(&sv.Schema{OneOf: kinds})
}

// ofType is a problem document whose type passes the schema.
func (s *shared) ofType(kind *sv.Schema, text string) schemaRef {
	return wrap(&sv.Schema{
		Description: text,
		AllOf:       []schemaRef{s.schemas.reference(s.problem)},
		Properties:  map[string]schemaRef{"type": wrap(kind)},
	})
}

// The responses that operations share, by their names.
const (
	badRequest      = "BadRequest"
	conflict        = "Conflict"
	tooLarge        = "TooLarge"
	unsupportedType = "UnsupportedMediaType"
	unprocessable   = "Unprocessable"
	unavailable     = "Unavailable"
	other           = "Other"
	opaque          = "Opaque"
)

// answers says of each response what it tells and which headers it can have.
// One below 500 can come from the handler, and then be a replay.
var answers = map[string]struct {
	text    string
	headers []string
}{
	badRequest:      {badRequestText, []string{replayedHeader}},
	conflict:        {conflictText, []string{replayedHeader, retryHeader}},
	tooLarge:        {tooLargeText, []string{replayedHeader}},
	unsupportedType: {unsupportedText, []string{replayedHeader}},
	unprocessable:   {unprocessableText, []string{replayedHeader}},
	unavailable:     {unavailableText, []string{retryHeader}},
	other:           {otherText, []string{replayedHeader, retryHeader}},
	opaque:          {opaqueText, []string{replayedHeader, cursorHeader, retryHeader}},
}

// answer returns a response by its name.
func (s *shared) answer(name string) *sv.Response {
	schema := s.schemas.reference(s.problem)
	if name == conflict {
		schema = s.conflict()
	}
	r := &sv.Response{
		Description: answers[name].text,
		Headers:     s.headers(answers[name].headers...),
		Content:     content("application/problem+json", schema),
	}
	if name == opaque {
		r.Content["*/*"] = sv.NewExtendable(&sv.MediaType{Schema: wrap(new(sv.Schema))})
	}
	return r
}
