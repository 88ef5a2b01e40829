package generator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cnerium/cnerium-go/generator"
)

// route is a route in its JSON, as a lock has it.
const route = `{
	"method": "POST", "pattern": "/orders/{id}", "operation": "orders.create", "handler": "orders.Create",
	"package": "example.com/shop/orders", "mode": "plain", "position": "orders/orders.go:12:1",
	"status": 201, "retention": "24h0m0s", "wait": "5s", "timeout": "30s", "recover": "hold", "maxBody": 1024,
	"params": [
		{"in": "path", "name": "id", "required": true, "shape": {"type": "int64"}},
		{"in": "query", "name": "dry", "shape": {"type": "bool"}},
		{"in": "header", "name": "X-Source", "shape": {"type": "array", "elem": {"type": "string"}}}
	],
	"body": {"type": "ref", "ref": "Order"},
	"result": {"type": "ref", "ref": "Order"},
	"types": {
		"Order": {"type": "object", "fields": [
			{"name": "product", "shape": {"type": "string"}},
			{"name": "count", "shape": {"type": "int32"}},
			{"name": "note", "optional": true, "shape": {"type": "string", "nullable": true}},
			{"name": "state", "shape": {"type": "string", "enum": ["open", "done"]}},
			{"name": "tags", "shape": {"type": "map", "key": {"type": "string"}, "elem": {"type": "text"}}},
			{"name": "parts", "shape": {"type": "array", "elem": {"type": "ref", "ref": "Order"}}}
		]}
	}
}`

// lockOf returns a lock of routes in JSON.
func lockOf(t require.TestingT, routes ...string) *generator.Lock {
	var list []generator.Listed
	require.NoError(t, json.Unmarshal([]byte("["+strings.Join(routes, ",")+"]"), &list))
	return generator.NewLock("then", "/shop", list)
}

// describe returns the changes, each in a line: its category, and its message.
func describe(changes []generator.Change) []string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, c.Category+": "+c.Message)
	}
	return lines
}

func TestBreakingSaysWhatBreaks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit []string // pairs of old and new texts in the route
		want []string
	}{
		{"nothing", nil, nil},
		{"wildcard with another name", []string{`{id}`, `{number}`, `"name": "id"`, `"name": "number"`}, []string{
			"compatible-change: orders.create was POST /orders/{id} and is now POST /orders/{number}, which takes the same requests",
		}},
		{"rest", []string{`{id}`, `{id...}`}, []string{
			"compatible-change: orders.create was POST /orders/{id} and is now POST /orders/{id...}, which takes the same requests",
		}},
		{"host", []string{`"/orders`, `"shop.example/orders`}, []string{
			"route-moved: orders.create was POST /orders/{id} and is now POST shop.example/orders/{id}: requests to the old one are not answered",
		}},
		{"method", []string{"POST", "PUT"}, []string{
			"route-moved: orders.create was POST /orders/{id} and is now PUT /orders/{id}: requests to the old one are not answered",
		}},
		{"operation", []string{"orders.create", "orders.place"}, []string{
			"operation-renamed: operation orders.create is now orders.place: keys are stored under the old name, so a retry of an earlier request runs the handler again",
		}},
		{"operation and pattern", []string{"orders.create", "orders.place", "/orders/", "/order/"}, []string{
			"operation-renamed: operation orders.create is now orders.place: keys are stored under the old name, so a retry of an earlier request runs the handler again",
			"route-moved: orders.place was POST /orders/{id} and is now POST /order/{id}: requests to the old one are not answered",
		}},
		{"all three", []string{"orders.create", "orders.place", "/orders/", "/order/", "orders.Create", "orders.Place"}, []string{
			"route-removed: operation orders.create is gone: POST /orders/{id} answers 404, and retries do not get their stored answers",
			"compatible-change: orders.place is new: POST /order/{id}",
		}},
		{"handler", []string{"orders.Create", "orders.Place"}, []string{
			"compatible-change: the handler of orders.create is now orders.Place of example.com/shop/orders",
		}},
		{"status", []string{"201", "200"}, []string{
			"status-changed: orders.create answered 201 and now answers 200: clients that look for the old status fail, and replays of stored answers still have it",
		}},
		{"shorter retention", []string{"24h0m0s", "90m0s"}, []string{
			"retention-shortened: orders.create kept answers for 24h and now keeps them for 90m: a retry after that runs the handler again",
		}},
		{"longer retention", []string{"24h0m0s", "100h0m0s"}, []string{"compatible-change: orders.create keeps answers for 100h instead of 24h"}},
		{"rerun", []string{"hold", "rerun"}, []string{
			"recover-changed: orders.create had recover=hold and now has recover=rerun: after a crash the handler can run twice for one key",
		}},
		{"transactional", []string{"plain", "transactional", "hold", "rerun"}, []string{"compatible-change: orders.create is transactional now: a crash leaves no unknown outcome"}},
		{"smaller body", []string{"1024", "1023"}, []string{
			"input-narrowed: orders.create took bodies of 1024 bytes and now takes 1023: longer ones are answered with 413",
		}},
		{"larger body", []string{"1024", "2048"}, []string{"compatible-change: orders.create takes bodies of 2048 bytes, and no longer of 1024 only"}},
		{"path value", []string{`"required": true, "shape": {"type": "int64"}`, `"required": true, "shape": {"type": "int32"}`}, []string{
			"input-narrowed: input of orders.create: path value id was int64 and is now int32",
		}},
		{"path value as a text", []string{`"required": true, "shape": {"type": "int64"}`, `"required": true, "shape": {"type": "string"}`}, nil},
		{"query parameter gone", []string{`{"in": "query", "name": "dry", "shape": {"type": "bool"}},`, ``}, []string{
			"input-narrowed: orders.create does not read the query parameter dry any more that clients send",
		}},
		{"query parameter repeated", []string{`"shape": {"type": "bool"}`, `"shape": {"type": "array", "elem": {"type": "bool"}}`}, nil},
		{"header in another case", []string{`X-Source`, `x-source`}, nil},
		{"header once", []string{`{"type": "array", "elem": {"type": "string"}}`, `{"type": "string"}`}, []string{
			"input-narrowed: input of orders.create: header X-Source was array and is now string",
		}},
		{"required header", []string{`"name": "X-Source", "shape"`, `"name": "X-Source", "required": true, "shape"`}, []string{
			"input-narrowed: orders.create wants the header X-Source now, which clients may leave out",
		}},
		{"new parameters", []string{`"params": [`, `"params": [{"in": "query", "name": "a", "required": true, "shape": {"type": "bool"}}, {"in": "query", "name": "b", "shape": {"type": "bool"}},`}, []string{
			"input-narrowed: orders.create wants the query parameter a now, which clients do not send",
			"compatible-change: orders.create reads the query parameter b now",
		}},
		{"no body", []string{`"body": {"type": "ref", "ref": "Order"},`, ``}, []string{
			"input-narrowed: orders.create does not read the body any more that clients send",
		}},
		{"no result", []string{`"result": {"type": "ref", "ref": "Order"},`, ``}, []string{
			"result-changed: orders.create has no result any more, and clients read one",
		}},
		{"opaque", []string{`"result": {"type": "ref", "ref": "Order"},`, `"opaque": true,`}, []string{
			"result-changed: orders.create makes its response itself now: what clients get is no longer known",
		}},
		{"field gone", []string{`{"name": "product", "shape": {"type": "string"}},`, ``}, []string{
			"input-narrowed: input of orders.create: body.product is gone: requests that have it are refused as having an unknown field",
			"result-changed: result of orders.create: result.product is gone, and clients count on it",
		}},
		{"field in another case", []string{`"product"`, `"Product"`}, []string{
			"result-changed: result of orders.create: result.product is gone, and clients count on it",
			"compatible-change: result of orders.create: result.Product is new",
		}},
		{"optional field gone", []string{`{"name": "note", "optional": true, "shape": {"type": "string", "nullable": true}},`, ``}, []string{
			"input-narrowed: input of orders.create: body.note is gone: requests that have it are refused as having an unknown field",
			"compatible-change: result of orders.create: result.note, which was not always there, is gone",
		}},
		{"new field", []string{`"fields": [`, `"fields": [{"name": "new", "shape": {"type": "bool"}},`}, []string{
			"compatible-change: input of orders.create: body.new is new",
			"compatible-change: result of orders.create: result.new is new",
		}},
		{"new field that is validated", []string{`"fields": [`, `"fields": [{"name": "new", "shape": {"type": "bool"}},`, `"wait"`, `"validates": true, "wait"`}, []string{
			"compatible-change: the input of orders.create is validated now",
			"input-narrowed: input of orders.create: body.new is new and not optional: clients do not send it, and Validate may refuse that",
			"compatible-change: result of orders.create: result.new is new",
		}},
		{"wider number", []string{`"int32"`, `"int64"`}, []string{"result-changed: result of orders.create: result.count was int32 and is now int64"}},
		{"narrower number", []string{`"int32"`, `"int16"`}, []string{"input-narrowed: input of orders.create: body.count was int32 and is now int16"}},
		{"unsigned", []string{`"int32"`, `"uint32"`}, []string{
			"input-narrowed: input of orders.create: body.count was int32 and is now uint32",
			"result-changed: result of orders.create: result.count was int32 and is now uint32",
		}},
		{"quoted", []string{`"type": "int32"`, `"type": "int32", "quoted": true`}, []string{
			"input-narrowed: input of orders.create: body.count was int32 and is now int32 in a string",
			"result-changed: result of orders.create: result.count was int32 and is now int32 in a string",
		}},
		{"null", []string{`"type": "int32"`, `"type": "int32", "nullable": true`}, []string{"result-changed: result of orders.create: result.count can be null now"}},
		{"never null", []string{`"type": "string", "nullable": true`, `"type": "string"`}, nil},
		{"not always there", []string{`{"name": "count",`, `{"name": "count", "optional": true,`}, []string{
			"result-changed: result of orders.create: result.count is not always there any more",
		}},
		{"value gone", []string{`["open", "done"]`, `["open"]`}, []string{
			`input-narrowed: input of orders.create: body.state does not take "done" any more`,
		}},
		{"new value", []string{`["open", "done"]`, `["open", "done", "lost"]`}, []string{
			`result-changed: result of orders.create: result.state can be "lost" now, for which clients have no case`,
		}},
		{"no values", []string{`, "enum": ["open", "done"]`, ``}, []string{
			`result-changed: result of orders.create: result.state can be anything now, and was one of "open", "done"`,
		}},
		{"elements", []string{`"text"`, `"time"`}, []string{
			"input-narrowed: input of orders.create: body.tags.* was text and is now time",
			// What was any text for clients is a time now, which is a text.
		}},
		{"fixed length", []string{`{"type": "array", "elem": {"type": "ref"`, `{"type": "array", "len": 2, "elem": {"type": "ref"`}, []string{
			"input-narrowed: input of orders.create: body.parts takes 2 elements now, and passes over others",
		}},
		{"anything", []string{`{"type": "int32"}`, `{"type": "any"}`}, []string{"result-changed: result of orders.create: result.count was int32 and is now any"}},
		{"unknown", []string{`"wait"`, `"unknown": true, "wait"`, `"int32"`, `"bool"`}, nil},
		{"null beside the same type", []string{`"elem": {"type": "ref", "ref": "Order"}`, `"elem": {"type": "ref", "ref": "Order", "nullable": true}`}, []string{
			"result-changed: result of orders.create: result.parts[] can be null now",
		}},
		{"an older lock", []string{`"status": 201, "retention": "24h0m0s",`, ``, `1024`, `512`}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			edited := strings.NewReplacer(test.edit...).Replace(route)
			if len(test.edit) > 0 {
				require.NotEqual(t, route, edited)
			}
			changes := generator.Breaking(lockOf(t, route), lockOf(t, edited))
			require.Equal(t, test.want, describe(changes))
			for _, c := range changes {
				require.Equal(t, c.Category == generator.CategoryCompatibleChange, c.Compatible)
				require.NotEqual(t, c.Compatible, c.Hint != "", c.Message)
				require.Equal(t, "/shop/orders/orders.go:12:1", c.Pos.String())
			}
		})
	}
}

// TestBreakingLooksAtOpaqueRoutes has a route without a status, because its
// handler makes the whole response: all else is promised as by others.
func TestBreakingLooksAtOpaqueRoutes(t *testing.T) {
	t.Parallel()
	opaque := strings.NewReplacer(`"status": 201,`, ``, `"result": {"type": "ref", "ref": "Order"},`, `"opaque": true,`).Replace(route)
	require.Empty(t, generator.Breaking(lockOf(t, opaque), lockOf(t, opaque)))
	edited := strings.NewReplacer("24h0m0s", "1h0m0s", "hold", "rerun", `"int32"`, `"int16"`).Replace(opaque)
	require.Equal(t, []string{
		"retention-shortened: orders.create kept answers for 24h and now keeps them for 1h: a retry after that runs the handler again",
		"recover-changed: orders.create had recover=hold and now has recover=rerun: after a crash the handler can run twice for one key",
		"input-narrowed: input of orders.create: body.count was int32 and is now int16",
	}, describe(generator.Breaking(lockOf(t, opaque), lockOf(t, edited))))
	require.Equal(t, []string{
		"result-changed: orders.create makes its response itself now: what clients get is no longer known",
	}, describe(generator.Breaking(lockOf(t, route), lockOf(t, opaque))))
}

// TestBreakingKnowsThatASlashTakesMoreThanItsEnd has a pattern that ends in {$}.
func TestBreakingKnowsThatASlashTakesMoreThanItsEnd(t *testing.T) {
	t.Parallel()
	end := strings.ReplaceAll(route, `"/orders/{id}"`, `"/orders/{id}/{$}"`)
	all := strings.ReplaceAll(route, `"/orders/{id}"`, `"/orders/{id}/"`)
	require.Equal(t, []string{
		"compatible-change: orders.create was POST /orders/{id}/{$} and is now POST /orders/{id}/, which takes the same requests",
	}, describe(generator.Breaking(lockOf(t, end), lockOf(t, all))))
	require.Equal(t, []string{
		"route-moved: orders.create was POST /orders/{id}/ and is now POST /orders/{id}/{$}: requests to the old one are not answered",
	}, describe(generator.Breaking(lockOf(t, all), lockOf(t, end))))
}

// TestBreakingTellsRoutesApart has two routes that change places: each is what
// its operation says.
func TestBreakingTellsRoutesApart(t *testing.T) {
	t.Parallel()
	other := strings.NewReplacer("orders.create", "orders.cancel", "/orders/{id}", "/orders/{id}/cancel", "orders.Create", "orders.Cancel").Replace(route)
	require.Empty(t, generator.Breaking(lockOf(t, route, other), lockOf(t, other, route)))
	require.Equal(t, []string{
		"route-removed: operation orders.create is gone: POST /orders/{id} answers 404, and retries do not get their stored answers",
	}, describe(generator.Breaking(lockOf(t, route, other), lockOf(t, other))))
	require.Equal(t, []string{"compatible-change: orders.cancel is new: POST /orders/{id}/cancel"}, describe(generator.Breaking(lockOf(t, route), lockOf(t, route, other))))
}

// randomShape draws a shape over a few types that may lead to each other.
func randomShape(t *rapid.T, depth int) *generator.Shape {
	kinds := []string{"any", "bool", "int8", "int64", "uint16", "float32", "float64", "bigint", "number", "string", "text", "time", "bytes", "ref"}
	if depth > 0 {
		kinds = append(kinds, "array", "map", "object", "object")
	}
	s := &generator.Shape{Type: rapid.SampledFrom(kinds).Draw(t, "type"), Nullable: rapid.Bool().Draw(t, "nullable")}
	switch s.Type {
	case "ref":
		s.Ref = rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "ref")
	case "array", "map":
		s.Elem, s.Key = randomShape(t, depth-1), &generator.Shape{Type: "string"}
	case "object":
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 3, rapid.ID[string]).Draw(t, "fields") {
			s.Fields = append(s.Fields, generator.ShapeField{Name: name, Optional: rapid.Bool().Draw(t, "optional"), Shape: randomShape(t, depth-1)})
		}
	}
	return s
}

// TestBreakingIsQuietAboutWhatIsTheSame compares shapes with themselves, and
// with others, which at least ends.
func TestBreakingIsQuietAboutWhatIsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func() *generator.Lock {
			types := make(map[string]*generator.Shape)
			for _, name := range []string{"A", "B"} { // C leads nowhere
				types[name] = randomShape(t, 3)
			}
			l := lockOf(t, route)
			l.Routes[0].Types, l.Routes[0].Body, l.Routes[0].Result = types, randomShape(t, 2), randomShape(t, 2)
			return l
		}
		one, two := draw(), draw()
		require.Empty(t, describe(generator.Breaking(one, one)))
		generator.Breaking(one, two)
	})
}

func TestReadLockRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`{"a": 1}`:        "it is not an array of routes",
		``:                "it is not an array of routes",
		`[{"method": 1}]`: "cannot unmarshal",
		`[{"method": ""}`: "read lock",
		`[{},` + "\n<<<<": "invalid character",
		`[] []`:           "more behind the array",
	} {
		path := filepath.Join(t.TempDir(), "lock.json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		_, err := generator.ReadLock(path)
		require.ErrorContains(t, err, want, content)
		require.ErrorContains(t, err, path, content)
	}
	_, err := generator.ReadLock(filepath.Join(t.TempDir(), "gone"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestReadLockKnowsWhereRoutesStand(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock.json")
	require.NoError(t, os.WriteFile(path, []byte("[\n\t{\"operation\": \"a.a\"},\n\n  {\"operation\": \"b.b\"}\n]\n"), 0o644))
	lock, err := generator.ReadLock(path)
	require.NoError(t, err)
	changes := generator.Breaking(lock, generator.NewLock("now", "", nil))
	require.Len(t, changes, 2)
	require.Equal(t, path+":2:2", changes[0].Pos.String())
	require.Equal(t, path+":4:3", changes[1].Pos.String())
}
