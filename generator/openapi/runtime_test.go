package openapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/openapi"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// said is what the handler of the tests does, by what the request says.
type said struct {
	Say string `json:"say"`
}

// speaker is a service with one durable route, and the document of it.
type speaker struct {
	t        *testing.T
	app      *cnerium.App
	url      string
	document []byte
	running  chan struct{} // a handler that waits is there
	release  chan struct{} // closed by letGo: it may go on
	letGo    func()
}

func newSpeaker(t *testing.T, opts cnerium.Options) *speaker {
	t.Helper()
	op := operation("words.say", "POST", "/say")
	op.Body, op.Result, op.Status = object(field("say", text)), object(field("said", text)), http.StatusCreated
	document, err := openapi.Document(&contract.Contract{Title: "words", Operations: []*contract.Operation{op}}, openapi.JSON)
	require.NoError(t, err)

	s := &speaker{t: t, document: document, running: make(chan struct{}), release: make(chan struct{})}
	s.letGo = sync.OnceFunc(func() { close(s.release) })
	opts.Logger = slog.New(slog.DiscardHandler)
	mux := http.NewServeMux()
	s.app = cnerium.Attach(mux, memstore.New(nil), &opts)
	s.app.Handle(cnerium.Route{Pattern: "POST /say", Operation: op.ID, Bind: s.bind, Wait: cnerium.NoWait, MaxBody: 100})
	require.NoError(t, s.app.Start(t.Context()))
	t.Cleanup(func() { _ = s.app.Close(context.Background()) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Cleanup(s.letGo) // the first of these three: the others wait for handlers
	s.url = server.URL
	return s
}

// bind is what generated code would be.
func (s *speaker) bind(req *cnerium.Request) (cnerium.Call, error) {
	var in said
	if err := req.DecodeJSON(&in); err != nil {
		return nil, err
	}
	if in.Say == "" {
		return nil, cnerium.Invalid(io.ErrUnexpectedEOF)
	}
	return func(ctx context.Context) (*cnerium.Response, error) {
		switch in.Say {
		case "wait":
			s.running <- struct{}{}
			<-s.release
		case "panic":
			panic("on purpose")
		case "missing":
			return nil, cnerium.NotFound("there is no such word")
		case "later":
			return nil, cnerium.TooManyRequests("too loud", 1)
		case "conflict":
			return nil, cnerium.Conflict("somebody has said it")
		}
		if err := cnerium.Emit(ctx, "word.said", in); err != nil {
			return nil, err
		}
		return cnerium.JSON(http.StatusCreated, map[string]string{"said": in.Say})
	}, nil
}

// say sends a request, and checks that the document tells of the answer. It
// returns the status and the text of the answer.
func (s *speaker) say(key, body string) (int, string) {
	s.t.Helper()
	return s.send(map[string]string{"Idempotency-Key": key, "Content-Type": "application/json"}, body)
}

func (s *speaker) send(header map[string]string, body string) (int, string) {
	s.t.Helper()
	resp, text, err := s.post(header, body)
	require.NoError(s.t, err)
	s.requireDocumented(resp, text)
	return resp.StatusCode, string(text)
}

func (s *speaker) post(header map[string]string, body string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/say", strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, value := range header {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp, text, err
}

// requireDocumented looks for the answer in the document.
func (s *speaker) requireDocumented(resp *http.Response, body []byte) {
	s.t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.document))
	require.NoError(s.t, err)
	at := "/paths/~1say/post/responses/" + strconv.Itoa(resp.StatusCode)
	answer, found := lookUp(doc, at)
	if !found {
		require.NotContains(s.t, []int{400, 409, 413, 415, 422, 503}, resp.StatusCode, "these have a place of their own")
		at = "/paths/~1say/post/responses/default"
		answer, found = lookUp(doc, at)
		require.True(s.t, found)
	}
	if ref, ok := answer["$ref"].(string); ok {
		at = strings.TrimPrefix(ref, "#")
		answer, found = lookUp(doc, at)
		require.True(s.t, found, ref)
	}
	headers, _ := answer["headers"].(map[string]any)
	for _, name := range []string{"Idempotency-Replayed", "Event-Cursor", "Retry-After"} {
		if resp.Header.Get(name) != "" {
			require.Contains(s.t, headers, name, "status %d", resp.StatusCode)
		}
	}
	mediaType := resp.Header.Get("Content-Type")
	require.Contains(s.t, answer["content"], mediaType)
	schema := compile(s.t, s.document, at+"/content/"+strings.ReplaceAll(mediaType, "/", "~1")+"/schema", jsonschema.Draft2020)
	require.NoError(s.t, schema.Validate(decode(s.t, string(body))), string(body))
}

// lookUp follows a JSON pointer.
func lookUp(doc any, pointer string) (map[string]any, bool) {
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, ok := doc.(map[string]any)
		if !ok {
			return nil, false
		}
		if doc, ok = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]; !ok {
			return nil, false
		}
	}
	object, ok := doc.(map[string]any)
	return object, ok
}

func TestTheRuntimeAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		requests []string // each with the same key, and "" for none
		header   map[string]string
		status   int
		problem  string
	}{
		"success":         {requests: []string{`{"say":"hi"}`}, status: 201},
		"replay":          {requests: []string{`{"say":"hi"}`, `{"say":"hi"}`}, status: 201},
		"key missing":     {requests: []string{`{}`}, header: map[string]string{"Idempotency-Key": ""}, status: 400, problem: cnerium.ProblemKeyMissing},
		"key invalid":     {requests: []string{`{}`}, header: map[string]string{"Idempotency-Key": "a b"}, status: 400, problem: cnerium.ProblemKeyInvalid},
		"body malformed":  {requests: []string{`{`}, status: 400, problem: "about:blank"},
		"body empty":      {requests: []string{``}, status: 400, problem: "about:blank"},
		"member unknown":  {requests: []string{`{"say":"hi","new":1}`}, status: 400, problem: "about:blank"},
		"key reused":      {requests: []string{`{"say":"hi"}`, `{"say":"ho"}`}, status: 409, problem: cnerium.ProblemKeyReused},
		"outcome unknown": {requests: []string{`{"say":"panic"}`, `{"say":"panic"}`}, status: 409, problem: cnerium.ProblemOutcomeUnknown},
		"conflict":        {requests: []string{`{"say":"conflict"}`, `{"say":"conflict"}`}, status: 409, problem: "about:blank"},
		"too large":       {requests: []string{`{"say":"` + strings.Repeat("h", 100) + `"}`}, status: 413, problem: "about:blank"},
		"wrong type":      {requests: []string{`{}`}, header: map[string]string{"Content-Type": "text/plain"}, status: 415, problem: "about:blank"},
		"refused":         {requests: []string{`{}`}, status: 422, problem: "about:blank"},
		"panic":           {requests: []string{`{"say":"panic"}`}, status: 500, problem: cnerium.ProblemOutcomeUnknown},
		"not found":       {requests: []string{`{"say":"missing"}`, `{"say":"missing"}`}, status: 404, problem: "about:blank"},
		"too many":        {requests: []string{`{"say":"later"}`}, status: 429, problem: "about:blank"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSpeaker(t, cnerium.Options{})
			header := map[string]string{"Idempotency-Key": "k", "Content-Type": "application/json"}
			maps.Copy(header, c.header)
			for i, body := range c.requests {
				status, answer := s.send(header, body)
				if i == len(c.requests)-1 {
					require.Equal(t, c.status, status, answer)
					require.Contains(t, answer, c.problem)
				}
			}
		})
	}
}

func TestARunningRequestIsAnsweredAsDocumented(t *testing.T) {
	t.Parallel()
	s := newSpeaker(t, cnerium.Options{})
	first := make(chan error, 1)
	go func() {
		_, _, err := s.post(map[string]string{"Idempotency-Key": "k"}, `{"say":"wait"}`)
		first <- err
	}()
	<-s.running
	status, answer := s.say("k", `{"say":"wait"}`)
	s.letGo()
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, answer, cnerium.ProblemInFlight)
	require.NoError(t, <-first)
}

func TestOtherServersAnswerAsDocumented(t *testing.T) {
	t.Parallel()
	s := newSpeaker(t, cnerium.Options{ReuseStatus: http.StatusUnprocessableEntity})
	s.say("k", `{"say":"hi"}`)
	status, answer := s.say("k", `{"say":"ho"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, answer, cnerium.ProblemKeyReused)

	require.NoError(t, s.app.Close(t.Context()))
	status, answer = s.say("k", `{"say":"hi"}`)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, answer, cnerium.ProblemUnavailable)
}

// TestConflictsAreToldApart wants each kind of 409 to be one of the schemas,
// so that a client that is made from the document can tell them apart.
func TestConflictsAreToldApart(t *testing.T) {
	t.Parallel()
	document, err := openapi.Document(minimal(), openapi.JSON)
	require.NoError(t, err)
	var passed []int
	for _, kind := range []string{cnerium.ProblemKeyReused, cnerium.ProblemInFlight, cnerium.ProblemOutcomeUnknown, "about:blank"} {
		problem := decode(t, `{"type":"`+kind+`","title":"Conflict","status":409}`)
		for i := range 4 {
			at := "/components/responses/Conflict/content/application~1problem+json/schema/oneOf/" + strconv.Itoa(i)
			if compile(t, document, at, jsonschema.Draft2020).Validate(problem) == nil {
				passed = append(passed, i)
			}
		}
	}
	require.True(t, slices.Equal([]int{0, 1, 2, 3}, passed), passed)
}
