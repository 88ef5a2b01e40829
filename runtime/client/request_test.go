package client_test

import (
	"math"
	"math/big"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/client"
)

type level int8

type tag string

func TestValuesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	var got *http.Request
	mux := http.NewServeMux()
	for _, pattern := range []string{"PUT /orders/{id}/lines/{n}", "PUT /files/{path...}", "PUT /caf%C3%A9/"} {
		mux.HandleFunc(pattern, func(_ http.ResponseWriter, r *http.Request) { got = r })
	}
	_, url := newScript(t, mux.ServeHTTP)
	c := newClient(t, url, nil)

	for _, id := range []string{"o1", "a/b", "a%2Fb", "ü ?#&=+", "...", ".hidden", "a;b", "{x}", `"\`, "\n\x00\xff"} {
		req := client.NewRequest("o", http.MethodPut, "/orders/{id}/lines/{n}")
		req.Path("id", tag(id))
		req.Path("n", level(-3))
		_, _, err := c.Do(t.Context(), req, nil)
		require.NoError(t, err, id)
		require.Equal(t, id, got.PathValue("id"))
		require.Equal(t, "-3", got.PathValue("n"))
	}
	for _, path := range []string{"a", "a/b/c", "dir/", "", "ü/ %/?", "a%2Fb/c"} {
		req := client.NewRequest("o", http.MethodPut, "/files/{path...}")
		req.Path("path", path)
		_, _, err := c.Do(t.Context(), req, nil)
		require.NoError(t, err, path)
		require.Equal(t, path, got.PathValue("path"))
	}
	_, _, err := c.Do(t.Context(), client.NewRequest("o", http.MethodPut, "/café/"), nil)
	require.NoError(t, err)
	require.Equal(t, "/café/", got.URL.Path)
}

func TestPathValuesThatMeanAnotherPathAreRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://shop.example", nil)
	for _, test := range []struct{ pattern, value string }{
		{"/orders/{id}", ""},
		{"/orders/{id}", "."},
		{"/orders/{id}", ".."},
		{"/files/{id...}", "a/../b"},
		{"/files/{id...}", "/a"},
		{"/files/{id...}", "a//b"},
		{"/files/{id...}", "."},
	} {
		req := client.NewRequest("o", http.MethodPut, test.pattern)
		req.Path("id", test.value)
		_, _, err := c.Do(t.Context(), req, nil)
		require.ErrorContains(t, err, `o: path value "id"`, test)
		require.Zero(t, failure(t, err).Attempts)
	}
	_, _, err := c.Do(t.Context(), client.NewRequest("o", http.MethodPut, "/orders/{id}"), nil)
	require.EqualError(t, err, `o: path value "id" is missing`)
	req := client.NewRequest("o", http.MethodPut, "/orders")
	req.Path("id", "o1")
	_, _, err = c.Do(t.Context(), req, nil)
	require.EqualError(t, err, `o: path "/orders" has 0 wildcards, but there are values for 1`)
	_, _, err = c.Do(t.Context(), client.NewRequest("o", http.MethodPut, "orders"), nil)
	require.EqualError(t, err, `o: path "orders" does not begin with a slash`)
	_, _, err = c.Do(t.Context(), client.NewRequest("o", "P T", "/orders"), nil)
	require.EqualError(t, err, `o: "P T" is not a method`)
}

func TestQueryAndHeaderValues(t *testing.T) {
	t.Parallel()
	zero, five := 0, 5
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	for _, test := range []struct {
		value any
		want  []string
	}{
		{"a b&c", []string{"a b&c"}},
		{"", nil},
		{tag("x"), []string{"x"}},
		{0, nil},
		{&zero, []string{"0"}},
		{&five, []string{"5"}},
		{(*int)(nil), nil},
		{nil, nil},
		{true, []string{"true"}},
		{false, nil},
		{uint8(200), []string{"200"}},
		{int64(math.MinInt64), []string{"-9223372036854775808"}},
		{1e21, []string{"1e+21"}},
		{float32(0.1), []string{"0.1"}},
		{at, []string{"2026-01-02T03:04:05.000000006+01:00"}},
		{&at, []string{"2026-01-02T03:04:05.000000006+01:00"}},
		{time.Time{}, nil},
		{netip.MustParseAddr("::1"), []string{"::1"}},
		{big.NewInt(7), []string{"7"}},
		{[]string{"a", "b"}, []string{"a", "b"}},
		{[]int{0, 1}, []string{"0", "1"}},
		{[]*int{&five}, []string{"5"}},
		{[]string{}, nil},
		{[]time.Time{at}, []string{"2026-01-02T03:04:05.000000006+01:00"}},
	} {
		var got *http.Request
		_, url := newScript(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
		req := client.NewRequest("o", http.MethodPost, "/")
		req.Query("q", test.value)
		req.Header("X-Value", test.value)
		_, _, err := newClient(t, url, nil).Do(t.Context(), req, nil)
		require.NoError(t, err)
		require.Equal(t, test.want, got.URL.Query()["q"], "%T %v", test.value, test.value)
		require.Equal(t, test.want, got.Header["X-Value"], "%T %v", test.value, test.value)
	}
}

func TestValuesThatCannotBeSentAreRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://shop.example", nil)
	for text, set := range map[string]func(*client.Request){
		`query parameter "q": NaN cannot be sent`:                               func(r *client.Request) { r.Query("q", math.NaN()) },
		`query parameter "q": a struct {`:                                       func(r *client.Request) { r.Query("q", struct{ X int }{1}) },
		`query parameter "q": a []uint8 is neither`:                             func(r *client.Request) { r.Query("q", []byte("x")) },
		`query parameter "q": it is nil`:                                        func(r *client.Request) { r.Query("q", []*int{nil}) },
		`path value "p": it is nil`:                                             func(r *client.Request) { r.Path("p", nil) },
		`header "X": its value has a line break`:                                func(r *client.Request) { r.Header("X", "a\r\nY: b") },
		`header "X": the spaces at the ends`:                                    func(r *client.Request) { r.Header("X", " a") },
		`header "X": "a,b" cannot be an element`:                                func(r *client.Request) { r.Header("X", []string{"a,b"}) },
		`header "X": "" cannot be an element`:                                   func(r *client.Request) { r.Header("X", []string{"a", ""}) },
		`header "X Y": that is not the name of a header field`:                  func(r *client.Request) { r.Header("X Y", "a") },
		`header "idempotency-key": the key is given in Call.Key`:                func(r *client.Request) { r.Header("idempotency-key", "a") },
		`body: json: error calling MarshalText for type *client_test.failing: `: func(r *client.Request) { r.JSON(&failing{}) },
	} {
		req := client.NewRequest("o", http.MethodPost, "/")
		set(req)
		req.Query("later", math.Inf(1)) // the first is told
		_, _, err := c.Do(t.Context(), req, nil)
		require.ErrorContains(t, err, "o: "+text)
	}
}

type failing struct{}

func (*failing) MarshalText() ([]byte, error) { return nil, http.ErrAbortHandler }

func TestRequestWithoutABodyHasNone(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, status(503), status(204))
	_, _, err := newClient(t, url, nil).Do(t.Context(), client.NewRequest("o", http.MethodDelete, "/x"), nil)
	require.NoError(t, err)
	for _, r := range s.seen() {
		require.Empty(t, r.body)
		require.NotContains(t, r.header, "Content-Type")
	}
}

func TestAnswerWithoutAResultHasNoBody(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, status(204), body(200, "text/html", "<p>Log in first"), status(404))
	c := newClient(t, url, nil)
	meta, err := client.Empty(c.Do(t.Context(), create(), nil))
	require.NoError(t, err)
	require.Equal(t, 204, meta.Status)

	meta, err = client.Empty(c.Do(t.Context(), create(), nil))
	require.Nil(t, meta)
	require.EqualError(t, err, "orders.create: read the answer: status 200 with a body, expected none; it is not from the operation, which may have been carried out or not")
	var decode *client.DecodeError
	require.ErrorAs(t, err, &decode)
	require.Equal(t, "text/html", decode.ContentType)
	require.Equal(t, s.seen()[1].key, failure(t, err).Key)

	meta, err = client.Empty(c.Do(t.Context(), create(), nil))
	require.Nil(t, meta)
	require.Equal(t, 404, failure(t, err).Status)
}
