package cnerium_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// captured is a route whose handler is an ordinary one.
func captured(handler http.HandlerFunc) cnerium.Route {
	return cnerium.Route{Pattern: "POST /orders", Operation: "orders.create", Handler: cnerium.Capture(handler)}
}

// act is one thing that a handler does with its http.ResponseWriter.
type act struct {
	Does        string
	Name, Value string
	Status      int
	Part        string
	Times       int
}

// do does it, and tells what came of it.
func (s act) do(w http.ResponseWriter) string {
	switch s.Does {
	case "set":
		w.Header().Set(s.Name, s.Value)
	case "add":
		w.Header().Add(s.Name, s.Value)
	case "del":
		w.Header().Del(s.Name)
	case "nil":
		w.Header()[s.Name] = nil
	case "place":
		w.Header()[s.Name][0] = s.Value
	case "raw":
		w.Header()["x-lower-case"] = []string{s.Value}
	case "status":
		w.WriteHeader(s.Status)
	case "write":
		return fmt.Sprintln(w.Write([]byte(strings.Repeat(s.Part, s.Times))))
	case "text":
		return fmt.Sprintln(io.WriteString(w, strings.Repeat(s.Part, s.Times)))
	}
	return ""
}

// script is what a handler does, one after another.
type script []act

// run does it all, and tells what came of it. A Content-Length, where one is
// set, is that of the first parts which the script writes.
func (s script) run(w http.ResponseWriter) (results string) {
	for _, act := range s {
		if act.Name == "Content-Length" && act.Value != "" {
			act.Value = strconv.Itoa(s.size(act.Times))
		}
		results += act.do(w)
	}
	return results
}

// size is how many bytes the first parts have that the script writes.
func (s script) size(parts int) (size int) {
	for _, act := range s {
		if (act.Does == "write" || act.Does == "text") && parts > 0 {
			size += len(act.Part) * act.Times
			parts--
		}
	}
	return size
}

var (
	fields = rapid.SampledFrom([]string{
		"Content-Type", "Content-Encoding", "Location", "Set-Cookie", "X-Many", "ETag", "Vary", "Content-Length", "X-Warning",
	})
	texts    = rapid.SampledFrom([]string{"", "one", "text/csv", "a=b; Path=/", " padded ", "new\nline", "tab\there", "é"})
	statuses = rapid.SampledFrom([]int{103, 200, 201, 202, 204, 304, 400, 404, 409, 422, 429, 500, 503})
	parts    = rapid.SampledFrom([]string{"", "x", "<html>", `{"a":1}`, "\x89PNG\r\n\x1a\n", "\x00\x01", "%PDF-", "é\n"})
)

func acts() *rapid.Generator[act] {
	return rapid.Custom(func(t *rapid.T) act {
		s := act{Does: rapid.SampledFrom([]string{"set", "add", "del", "nil", "raw", "status", "write", "write", "text"}).Draw(t, "does")}
		switch s.Does {
		case "status":
			s.Status = statuses.Draw(t, "status")
		case "write", "text":
			s.Part, s.Times = parts.Draw(t, "part"), rapid.SampledFrom([]int{1, 2, 100, 513, 2049, 5000}).Draw(t, "times")
		default:
			s.Name, s.Value = fields.Draw(t, "name"), texts.Draw(t, "value")
			s.Times = rapid.IntRange(0, 8).Draw(t, "parts") // of a Content-Length
			if s.Does == "add" && s.Name == "Content-Length" {
				s.Does = "set" // twice is nothing that net/http can send
			}
		}
		return s
	})
}

// compared is the reply without what differs from run to run, or is about
// how it came through this connection.
func (r reply) compared() reply {
	header := r.header.Clone()
	for _, name := range []string{"Date", "Content-Length", "Connection"} {
		header.Del(name)
	}
	return reply{r.status, header, r.body}
}

// twins are a handler under net/http, and the same captured.
type twins struct {
	bare, captured *service
	now            atomic.Pointer[script]
	results        chan string
	keys           int
}

func newTwins(t *testing.T) *twins {
	t.Helper()
	tw := &twins{results: make(chan string, 3)}
	handler := func(w http.ResponseWriter, _ *http.Request) { tw.results <- tw.now.Load().run(w) }
	bare := httptest.NewUnstartedServer(http.HandlerFunc(handler))
	bare.Config.ErrorLog = log.New(io.Discard, "", 0) // superfluous statuses
	bare.Config.SetKeepAlivesEnabled(false)           // where more is written than announced it breaks them
	bare.Start()
	t.Cleanup(bare.Close)
	tw.bare = &service{url: bare.URL}
	tw.captured = serve(t, memstore.New(nil), nil, captured(handler))
	return tw
}

// compare runs the script in both, and again: client and handler cannot tell
// the two apart, and a replay brings the same again.
func (tw *twins) compare(t require.TestingT, what script) {
	tw.now.Store(&what)
	for len(tw.results) > 0 { // of a comparison that has failed
		<-tw.results
	}
	tw.keys++
	key := strconv.Itoa(tw.keys)
	want, err := tw.bare.try(request{})
	require.NoError(t, err)
	wantResults := <-tw.results

	first, err := tw.captured.try(request{key: key})
	require.NoError(t, err)
	require.Equal(t, want.compared(), first.compared())
	require.Equal(t, wantResults, <-tw.results)

	again, err := tw.captured.try(request{key: key})
	require.NoError(t, err)
	if want.status >= 500 || want.status == http.StatusTooManyRequests {
		require.Equal(t, want.compared(), again.compared(), "it has run again")
		require.Equal(t, wantResults, <-tw.results)
		return
	}
	require.Empty(t, tw.results, "a replay runs nothing")
	replayed := first.compared()
	replayed.header.Del("Set-Cookie")
	replayed.header.Set("Idempotency-Replayed", "true")
	require.Equal(t, replayed, again.compared())
}

// TestACapturedHandlerAnswersAsItDoesBare is about what handlers do.
func TestACapturedHandlerAnswersAsItDoesBare(t *testing.T) {
	t.Parallel()
	tw := newTwins(t)
	status := func(status int) act { return act{Does: "status", Status: status} }
	write := func(part string, times int) act { return act{Does: "write", Part: part, Times: times} }
	set := func(name, value string) act { return act{Does: "set", Name: name, Value: value} }
	length := func(parts int) act { return act{Does: "set", Name: "Content-Length", Value: "of parts", Times: parts} }
	for name, what := range map[string]script{
		"nothing":                             {},
		"an empty write":                      {write("", 1), status(http.StatusTeapot), set("X-Many", "late")},
		"a body of which the type is found":   {write("<ht", 1), write("ml>", 5000)},
		"a body of another type":              {set("Content-Type", "text/csv"), write("<html>", 1)},
		"a body of no type":                   {{Does: "nil", Name: "Content-Type"}, write("<html>", 1)},
		"a body that is encoded":              {set("Content-Encoding", "br"), write("<html>", 1)},
		"a body in chunks that it asks for":   {set("Transfer-Encoding", "chunked"), write("<html>", 1)},
		"a header that comes late":            {set("X-Many", "early"), status(http.StatusAccepted), set("X-Many", "late"), {Does: "add", Name: "X-Many", Value: "late"}},
		"a header that is changed in place":   {set("X-Many", "early"), write("x", 1), {Does: "place", Name: "X-Many", Value: "late"}},
		"a status that is not the first":      {status(http.StatusAccepted), status(http.StatusTeapot), write("x", 1)},
		"a status after the body":             {write("x", 1), status(http.StatusTeapot)},
		"a hint before the status":            {set("Link", "</a>"), status(http.StatusEarlyHints), status(http.StatusCreated), write("x", 1)},
		"a body that is not allowed":          {set("Content-Type", "text/csv"), length(9), status(http.StatusNoContent), write("x", 1)},
		"a body of what is not modified":      {set("Content-Type", "text/csv"), length(9), status(http.StatusNotModified), write("x", 1)},
		"a whole body of an announced length": {length(2), write("x", 1), write("y", 5000)},
		"more than was announced":             {length(1), write("x", 2), write("yy", 1), write("", 1), write("z", 1)},
		"more than nothing":                   {length(0), write("x", 2)},
		"a length that is none":               {set("Content-Length", ""), write("x", 2)},
		"an error":                            {status(http.StatusServiceUnavailable), set("Retry-After", "late"), write("x", 2)},
	} {
		t.Run(name, func(t *testing.T) { tw.compare(t, what) })
	}
}

func TestRandomHandlersAnswerCapturedAsTheyDoBare(t *testing.T) {
	t.Parallel()
	tw := newTwins(t)
	rapid.Check(t, func(rt *rapid.T) {
		tw.compare(rt, rapid.SliceOfN(acts(), 0, 8).Draw(rt, "script"))
	})
	require.GreaterOrEqual(t, tw.keys, 10)
}
