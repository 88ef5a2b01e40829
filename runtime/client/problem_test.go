package client_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/client"
)

func TestProblemDocuments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]client.Problem{
		`{}`: {Type: "about:blank"},
		`{"type":"t","title":"T","status":409,"detail":"d","instance":"i","balance":30,"x":null}`: {
			Type: "t", Title: "T", Status: 409, Detail: "d", Instance: "i",
			Extensions: map[string]json.RawMessage{"balance": json.RawMessage("30"), "x": json.RawMessage("null")},
		},
		`{"type":7,"title":["T"],"status":"409","detail":{},"instance":true}`: {Type: "about:blank"},
		`{"type":null,"title":null,"status":4.5}`:                             {Type: "about:blank"},
	} {
		var got client.Problem
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got, text)
	}
	require.Error(t, json.Unmarshal([]byte(`[]`), new(client.Problem)))
}

func TestProblemInWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, "409 Conflict: again", (&client.Problem{Status: 409, Detail: "again"}).Error())
	require.Equal(t, "402 You are out of credit", (&client.Problem{Status: 402, Title: "You are out of credit"}).Error())
}

func TestAnswersThatOnlyLookLikeProblemsHaveNone(t *testing.T) {
	t.Parallel()
	for contentType, text := range map[string]string{
		"application/json":         `{"type":"urn:cnerium:problem:in-flight"}`,
		"application/problem+json": `{"type":`,
		"":                         `{}`,
	} {
		s, url := newScript(t, body(409, contentType, text))
		_, _, err := call(t.Context(), newClient(t, url, nil), nil)
		require.Nil(t, failure(t, err).Problem)
		require.EqualError(t, err, "orders.create: 409 Conflict")
		require.Equal(t, text, string(failure(t, err).Body))
		require.Len(t, s.seen(), 1)
	}
}

// TestCallersDoNotLinkTheServer looks at what the go command would link.
func TestCallersDoNotLinkTheServer(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	require.NoError(t, err, string(out))
	var others []string
	for dep := range strings.FieldsSeq(string(out)) {
		if first, _, _ := strings.Cut(dep, "/"); strings.Contains(first, ".") || dep == "database/sql" {
			others = append(others, dep)
		}
	}
	require.Equal(t, []string{"github.com/cenkalti/backoff/v5", "github.com/cnerium/cnerium-go/runtime/client"}, others)
}

func FuzzProblem(f *testing.F) {
	f.Add(`{"type":"t","status":1e3,"title":"\ud800"}`)
	f.Add(`{"status":99999999999999999999}`)
	f.Fuzz(func(t *testing.T, text string) {
		var p client.Problem
		if json.Unmarshal([]byte(text), &p) == nil && p.Error() == "" && p.Title+p.Detail != "" {
			t.Errorf("%q says nothing", text)
		}
	})
}
