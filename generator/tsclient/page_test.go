package tsclient_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/tsclient"
	"github.com/cnerium/cnerium-go/internal/testenv"
)

// site serves the page of the tests, and the example under the same origin,
// through a gate.
type site struct {
	url    string
	server string // the example

	mu       sync.Mutex
	gate     func(w http.ResponseWriter, r *http.Request, pass http.Handler) // for what writes
	requests int                                                             // that write
	together int                                                             // of them, at this moment
	most     int                                                             // at any moment
}

// newSite starts a site with an example of its own, and with the modules that
// were compiled into a folder.
func newSite(t *testing.T, dir string) *site {
	t.Helper()
	s := &site{server: startExample(t)}
	s.open()
	target, err := url.Parse(s.server)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the page's origin
		},
		Transport:    &http.Transport{DisableKeepAlives: true}, // it would repeat requests with a key by itself
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders/", http.FileServer(http.Dir(filepath.Join(dir, "out"))))
	mux.Handle("GET /", http.FileServer(http.Dir("testdata/page")))
	mux.Handle("GET /ws", proxy)
	mux.Handle("GET /events", proxy)
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) { s.enter(w, r, proxy) })
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// enter passes a request through the gate.
func (s *site) enter(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
	s.mu.Lock()
	gate := s.gate
	s.requests++
	s.together++
	s.most = max(s.most, s.together)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.together--
	}()
	gate(w, r, proxy)
}

func (s *site) setGate(gate func(w http.ResponseWriter, r *http.Request, pass http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = gate
}

// open lets everything through.
func (s *site) open() {
	s.setGate(func(w http.ResponseWriter, r *http.Request, pass http.Handler) { pass.ServeHTTP(w, r) })
}

// shut lets nothing through, as if there were no network.
func (s *site) shut() {
	s.setGate(func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })
}

// swallow has requests carried out and keeps the answers until the client is
// gone. What it returns is closed with the first of them.
func (s *site) swallow() <-chan struct{} {
	var once sync.Once
	swallowed := make(chan struct{})
	s.setGate(func(_ http.ResponseWriter, r *http.Request, pass http.Handler) {
		pass.ServeHTTP(httptest.NewRecorder(), r)
		once.Do(func() { close(swallowed) })
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
	return swallowed
}

func (s *site) counts() (requests, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.most
}

// entry is one of the outbox, as the page of the tests shows it.
type entry struct {
	State    string `json:"state"`
	Key      string `json:"key"`
	Order    string `json:"order"`
	Replayed bool   `json:"replayed"`
	Attempts int    `json:"attempts"`
}

// requireAllDone requires that the orders from 1 to n are settled in the page's
// outbox, have happened once each, and in their order.
func (s *site) requireAllDone(t *testing.T, p *tab, n int) []entry {
	t.Helper()
	p.until(t, fmt.Sprintf("settled.length >= %d", n))
	entries := evaluate[[]entry](t, p, "entries()")
	require.Len(t, entries, n)
	rows := placed(t, s.server)
	require.Len(t, rows, n)
	slices.SortFunc(rows, func(a, b order) int { return a.Quantity - b.Quantity })
	for i, e := range entries {
		require.Equal(t, "done", e.State)
		require.Equal(t, "ord_"+e.Key, e.Order)
		require.Equal(t, order{fmt.Sprint("ord_k", i+1), fmt.Sprint("p", i+1), i + 1}, rows[i])
	}
	return entries
}

// TestInABrowser has one browser for all but those that it is killed for.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "the client is no Go")
	testenv.Chromium(t)
	dir := compile(t, map[string]*contract.Contract{"orders": ordersContract()}, nil)
	shared := startBrowser(t, t.TempDir())
	for name, test := range map[string]func(t *testing.T, s *site, b *browser){
		"what was added offline is sent when the page is opened again": testOffline,
		"a page closed before its answer gets it when it is back":      testClosedInTheMiddle,
		"of many pages one sends, and each order once":                 testManyPages,
		"the browser's word that it is online is heard":                testOnline,
		"an event comes behind the cursor of an answer":                testEvents,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSite(t, dir), shared)
		})
	}
	t.Run("a browser that is killed goes on when it is started again", func(t *testing.T) {
		t.Parallel()
		testKilledBrowser(t, newSite(t, dir))
	})
}

func testOffline(t *testing.T, s *site, b *browser) {
	p := b.open(t, s.url)
	s.shut()
	require.True(t, evaluate[bool](t, p, `order(1, 5, "")`))
	p.close()
	require.Empty(t, placed(t, s.server))

	s.open()
	p = b.open(t, s.url)
	s.requireAllDone(t, p, 5)
	_, most := s.counts()
	require.Equal(t, 1, most, "they are sent one after the other")
	p.close()
}

func testClosedInTheMiddle(t *testing.T, s *site, b *browser) {
	p := b.open(t, s.url)
	swallowed := s.swallow()
	require.True(t, evaluate[bool](t, p, `order(1, 3, "")`))
	<-swallowed
	require.Len(t, placed(t, s.server), 1)
	p.close()

	s.open()
	p = b.open(t, s.url)
	entries := s.requireAllDone(t, p, 3)
	require.True(t, entries[0].Replayed)
	require.GreaterOrEqual(t, entries[0].Attempts, 2)
	p.close()
}

func testKilledBrowser(t *testing.T, s *site) {
	profile := t.TempDir()
	b := startBrowser(t, profile)
	p := b.open(t, s.url)
	swallowed := s.swallow()
	require.True(t, evaluate[bool](t, p, `order(1, 3, "")`))
	<-swallowed
	b.kill(t)

	s.open()
	p = startBrowser(t, profile).open(t, s.url)
	entries := s.requireAllDone(t, p, 3)
	require.True(t, entries[0].Replayed)
	p.close()
}

func testManyPages(t *testing.T, s *site, b *browser) {
	first, second := b.open(t, s.url), b.open(t, s.url)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = chromedp.Run(first.ctx, chromedp.Evaluate[bool](`order(1, 10, "")`, chromedp.EvalAwaitPromise))
	})
	wg.Go(func() {
		_, _ = chromedp.Run(second.ctx, chromedp.Evaluate[bool](`order(1, 10, "")`, chromedp.EvalAwaitPromise))
	})
	wg.Wait()
	s.requireAllDone(t, first, 10)
	s.requireAllDone(t, second, 10)
	requests, most := s.counts()
	require.Equal(t, []int{10, 1}, []int{requests, most})
	first.close()
	second.close()
}

func testOnline(t *testing.T, s *site, b *browser) {
	p := b.open(t, s.url+"/?delay=60000000") // it would not come back by itself
	online := func(is bool) {
		_, err := chromedp.Run(p.ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
			return cdp.Call(ctx, target, network.OverrideNetworkState, network.OverrideNetworkStateParams{
				Offline: !is, DownloadThroughput: -1, UploadThroughput: -1,
			})
		})
		require.NoError(t, err)
	}
	online(false)
	p.until(t, "!navigator.onLine")
	s.shut()
	require.True(t, evaluate[bool](t, p, `order(1, 1, "a").then(() => order(2, 2, "b"))`))
	p.until(t, "failures >= 2")
	require.Empty(t, placed(t, s.server))
	s.open()
	online(true)
	s.requireAllDone(t, p, 2)
	p.close()
}

func testEvents(t *testing.T, s *site, b *browser) {
	p := b.open(t, s.url)
	for _, transport := range []string{"ws", "sse"} {
		require.Equal(t, "second over "+transport, evaluate[string](t, p, fmt.Sprintf("orderAndListen(%q)", transport)))
	}
	p.close()
}

// TestModulesNeedNoLooserPolicy keeps out what a Content-Security-Policy of
// script-src 'self' forbids.
func TestModulesNeedNoLooserPolicy(t *testing.T) {
	t.Parallel()
	files, err := tsclient.Files(ordersContract())
	require.NoError(t, err)
	for name, content := range files {
		require.NotRegexp(t, `eval\(|new Function|innerHTML|document\.write|import\(|https?://`, string(content), name)
	}
}
