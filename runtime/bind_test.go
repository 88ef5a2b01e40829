package cnerium_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

type (
	color string
	level int8
	share float32
)

// bound has a field for each way to bind a value.
type bound struct {
	Name   color
	Level  level
	Count  uint16
	Share  share
	On     bool
	At     time.Time
	Addr   netip.Addr
	Tags   []color
	Levels []level
	Addrs  []netip.Addr
	Limit  *int
	From   *netip.Addr
	Source string
	List   []string
}

// bindAll binds everything, as generated code would.
func bindAll(req *cnerium.Request) (bound, error) {
	// What was in a field before must never survive.
	limit := 9
	in := bound{
		Name: "x", Level: 9, Count: 9, Share: 9, On: true, At: time.Now(), Addr: netip.IPv4Unspecified(),
		Tags: []color{"x"}, Limit: &limit, Source: "x", List: []string{"x"},
	}
	return in, errors.Join(
		cnerium.BindString(req.FromPath("name"), &in.Name),
		cnerium.BindInt(req.FromQuery("level"), &in.Level),
		cnerium.BindUint(req.FromQuery("count"), &in.Count),
		cnerium.BindFloat(req.FromQuery("share"), &in.Share),
		cnerium.BindBool(req.FromQuery("on"), &in.On),
		cnerium.BindTime(req.FromQuery("at"), &in.At),
		cnerium.BindText(req.FromQuery("addr"), &in.Addr),
		cnerium.BindSlice(req.FromQuery("tag"), &in.Tags, cnerium.BindString),
		cnerium.BindSlice(req.FromQuery("levels"), &in.Levels, cnerium.BindInt),
		cnerium.BindSlice(req.FromQuery("addrs"), &in.Addrs, cnerium.BindText),
		cnerium.BindPointer(req.FromQuery("limit"), &in.Limit, cnerium.BindInt),
		cnerium.BindPointer(req.FromQuery("from"), &in.From, cnerium.BindText),
		cnerium.BindString(req.FromHeader("X-Source"), &in.Source),
		cnerium.BindSlice(req.FromHeaderList("X-List"), &in.List, cnerium.BindString),
	)
}

// bind sends a request with the query and header to a route with bindAll.
func bind(t *testing.T, path string, header http.Header) (bound, error) {
	t.Helper()
	var in bound
	var err error
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), nil)
	app.Handle(cnerium.Route{
		Pattern: "POST /things/{name}", Operation: "things.bind",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			in, err = bindAll(req)
			return nil, cnerium.BadRequest("seen")
		},
	})
	require.NoError(t, app.Start(t.Context()))
	defer app.Close(t.Context())
	req := httptest.NewRequest(http.MethodPost, path, nil)
	maps.Copy(req.Header, header)
	req.Header.Set("Idempotency-Key", "k")
	mux.ServeHTTP(httptest.NewRecorder(), req)
	return in, err
}

func TestBindAcceptsEveryKind(t *testing.T) {
	t.Parallel()
	query := "level=-128&count=65535&share=0.5&on=true&at=2026-01-02T03:04:05Z&addr=10.0.0.1" +
		"&tag=a&tag=&levels=1&levels=-2&addrs=10.0.0.2&limit=0&from=10.0.0.3"
	in, err := bind(t, "/things/gr%C3%BCn?"+query, http.Header{"X-Source": {"web"}, "X-List": {"a, b", "", "c"}})
	require.NoError(t, err)
	zero, from := 0, netip.MustParseAddr("10.0.0.3")
	require.Equal(t, bound{
		Name: "grün", Level: -128, Count: 65535, Share: 0.5, On: true,
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Addr: netip.MustParseAddr("10.0.0.1"),
		Tags: []color{"a", ""}, Levels: []level{1, -2}, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.2")},
		Limit: &zero, From: &from, Source: "web", List: []string{"a", "b", "c"},
	}, in)
}

func TestBindStoresZeroForWhatIsAbsent(t *testing.T) {
	t.Parallel()
	in, err := bind(t, "/things/a", nil)
	require.NoError(t, err)
	require.Equal(t, bound{Name: "a"}, in)
}

func TestBindNamesThePlaceOfAWrongValue(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"level=x":           `query parameter "level": not an integer`,
		"level=":            `query parameter "level": not an integer`,
		"level=128":         `query parameter "level": out of range`,
		"level=1&level=2":   `query parameter "level": given 2 times`,
		"count=-1":          `query parameter "count": not a non-negative integer`,
		"count=65536":       `query parameter "count": out of range`,
		"share=x":           `query parameter "share": not a number`,
		"share=NaN":         `query parameter "share": not a finite number`,
		"share=1e99":        `query parameter "share": out of range`,
		"on=yes":            `query parameter "on": not true or false`,
		"at=today":          `query parameter "at": not a time such as 2006-01-02T15:04:05Z`,
		"addr=10.0.0":       `query parameter "addr": `,
		"levels=1&levels=x": `query parameter "levels": not an integer`,
		"limit=x":           `query parameter "limit": not an integer`,
		"a=%zz":             `query: invalid URL escape "%zz"`,
	} {
		_, err := bind(t, "/things/a?"+query, nil)
		require.ErrorIs(t, err, cnerium.ErrBadRequest, query)
		require.ErrorContains(t, err, want, query)
	}
	_, err := bind(t, "/things/a", http.Header{"X-Source": {"a", "b"}})
	require.ErrorContains(t, err, `header "X-Source": given 2 times`)
}

func TestDecodeJSONRefusesFieldsThatAreBoundFromElsewhere(t *testing.T) {
	t.Parallel()
	type input struct {
		ID   string `path:"id"`
		Name string `json:"name"`
	}
	s := serve(t, memstore.New(nil), nil, cnerium.Route{
		Pattern: "POST /orders", Operation: "orders.create",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			var in input
			return nil, cmpOr(req.DecodeJSON(&in, "ID"), cnerium.Unprocessable(fmt.Sprint(in)))
		},
	})
	for _, sent := range []string{`{"ID":"7"}`, `{"id":"7","name":"x"}`} {
		got := s.do(request{key: "k", body: sent})
		require.Contains(t, got.problem(t, http.StatusBadRequest, "about:blank"), "body: unknown field")
	}
	got := s.do(request{key: "k", body: `{"name":"x"}`})
	require.Equal(t, "{ x}", got.problem(t, http.StatusUnprocessableEntity, "about:blank"))
}

// cmpOr returns the first error that is one.
func cmpOr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// FuzzBinding sends whatever it finds as path, query, header and body: the
// answer is 400 with a place, or the values survive a round trip.
func FuzzBinding(f *testing.F) {
	f.Add("7", "level=1&tag=a&tag=b", "web", `{"product":"p1","quantity":2}`)
	f.Add("%2f", "level=%zz;", "\x00", `{"product":`)
	f.Add("", "at=2026-01-02T03:04:05Z&addr=::1", "a,b", `[]`)
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), nil)
	var in bound
	var bindErr, decodeErr error
	var decoded order
	app.Handle(cnerium.Route{
		Pattern: "POST /things/{name}", Operation: "things.bind",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			in, bindErr = bindAll(req)
			decodeErr = req.DecodeJSON(&decoded)
			return nil, cnerium.BadRequest("seen")
		},
	})
	if err := app.Start(f.Context()); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, query, source, sent string) {
		in, bindErr, decodeErr, decoded = bound{}, nil, nil, order{}
		req := httptest.NewRequest(http.MethodPost, "/things/x", strings.NewReader(sent))
		req.URL.Path, req.URL.RawPath, req.URL.RawQuery = "/things/"+name, "", query
		req.Header["X-Source"] = []string{source}
		req.Header.Set("Idempotency-Key", "k")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, req)
		if w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusNotFound {
			return // the path is not of this route
		}
		require.Equal(t, http.StatusBadRequest, w.Code)
		if bindErr == nil {
			values, err := url.ParseQuery(query)
			require.NoError(t, err)
			require.Equal(t, source, in.Source)
			require.Len(t, in.Tags, len(values["tag"]))
			if values.Has("level") {
				var n int8
				_, err := fmt.Sscan(values.Get("level"), &n)
				require.NoError(t, err)
				require.EqualValues(t, n, in.Level)
			}
		} else {
			require.ErrorIs(t, bindErr, cnerium.ErrBadRequest)
		}
		if decodeErr == nil {
			require.True(t, json.Valid([]byte(sent)))
		} else {
			require.ErrorIs(t, decodeErr, cnerium.ErrBadRequest)
		}
	})
}
