package generator

import (
	"go/token"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func runRoute(file, method, path, operation string) *Route {
	at := token.Position{Filename: file, Line: 3, Column: 1}
	return &Route{
		Pos: at, pathPos: at, operationPos: at,
		Method: method, Path: path, Operation: operation,
		Handler: &Handler{Name: "H"},
	}
}

func TestConflictsTellTheReasonAndNothingOfTheGenerator(t *testing.T) {
	t.Parallel()
	first := &Package{Routes: []*Route{
		runRoute("/m/a/a.go", "POST", "/x/{id}", "a.x"),
		runRoute("/m/a/a.go", "PUT", "/x/{id}", "a.y"),
	}}
	second := &Package{Routes: []*Route{
		runRoute("/m/b/b.go", "PUT", "/x/{name}", "b.x"),
		runRoute("/m/b/b.go", "POST", "/x/all", "b.y"),
		runRoute("/m/b/b.go", "POST", "host.example/x/{id}", "b.z"),
	}}
	found := checkRun([]*Package{first, second})
	require.Len(t, found, 1)
	require.Equal(t, "/m/b/b.go", found[0].Pos.Filename)
	require.Equal(t, CategoryPatternConflict, found[0].Category)
	require.Equal(t, "pattern conflicts with that of H at ../a/a.go:3:1: PUT /x/{name} matches the same requests as PUT /x/{id}", found[0].Message)
}

func TestAPatternThatIsWrongByItselfConflictsWithNone(t *testing.T) {
	t.Parallel()
	require.Empty(t, checkRun([]*Package{{Routes: []*Route{
		runRoute("/m/a.go", "POST", "/e", "a.e"),
		runRoute("/m/a.go", "POST", "/g{x}", "a.g"),
		runRoute("/m/a.go", "POST", "/f", "a.f"),
	}}}))
}

func TestTheSecondRouteOfAnOperationIsReported(t *testing.T) {
	t.Parallel()
	found := checkRun([]*Package{
		{Routes: []*Route{runRoute("/m/a.go", "POST", "/a", "x.y")}},
		{Routes: []*Route{runRoute("/m/b.go", "POST", "/b", "x.y"), runRoute("/m/c.go", "POST", "/c", "x.y")}},
	})
	require.Len(t, found, 2)
	for i, file := range []string{"/m/b.go", "/m/c.go"} {
		require.Equal(t, CategoryOperationTwice, found[i].Category)
		require.Equal(t, file, found[i].Pos.Filename)
		require.Contains(t, found[i].Message, "a.go:3:1")
	}
}

func TestSuggestedOperationsAreAcceptable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ method, path, operation, want string }{
		{"POST", "/orders", "create", "orders.create"},
		{"POST", "/orders/{id}/cancel", "cancel", "orders.cancel"},
		{"PUT", "/api/v2/order-lines/{id}", "handler", "order_lines.replace"},
		{"DELETE", "example.com/carts/{id}", "x", "carts.x"},
		{"DELETE", "/{id}", "DELETE", "orders.delete"},
		{"GET", "/{id}", "post", "orders.create"},
		{"PATCH", "", "", "orders.update"},
		{"POST", "/orders", "Orders.Create", "orders.create"},
	} {
		got := suggestOperation(directive{method: word{text: c.method}, pattern: word{text: c.path}, operation: word{text: c.operation}})
		require.Equal(t, c.want, got)
		require.Regexp(t, operationForm, got)
	}
}

func TestASimplePatternIsOneOfNetHTTP(t *testing.T) {
	t.Parallel()
	segments := []string{
		"a", "A-1_", "9", "{a}", "{b}", "{_a1}", "{type}",
		"", ".", "..", "é", "{", "}", "{}", "{1}", "{a-b}", "{é}", "{a...}", "{$}", "{a}x", "x{a}", "{a", "a}", "%2F", "a b", "{{a}}",
	}
	simple := 0
	check := func(text string) {
		wildcards, ok := simplePattern(text)
		if !ok {
			return
		}
		simple++
		require.Empty(t, register(http.NewServeMux(), "POST", text), text)
		var want []string
		for _, match := range wildcardForm.FindAllStringSubmatch(text, -1) {
			want = append(want, match[1])
		}
		require.Equal(t, want, wildcards, text)
	}
	for _, a := range segments {
		check(a)
		check("/" + a)
		for _, b := range segments {
			check(a + "/" + b)
			check("/" + a + "/" + b)
			for _, c := range segments {
				check("/" + a + "/" + b + "/" + c)
			}
		}
	}
	require.Equal(t, 7+7+45+267, simple, "and only where it is in doubt does net/http judge")
}
