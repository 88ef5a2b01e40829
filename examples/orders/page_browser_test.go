package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestPageInABrowser has one browser for all that needs one.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	for name, test := range map[string]func(t *testing.T, browser context.Context){
		"shows each order once while the server is killed between its retries": testPageThroughKills,
		"falls back when an upgrade is refused":                                testPageBehind(refuseUpgrade),
		"falls back when an upgrade is cut off":                                testPageBehind(cutUpgrade),
		"falls back when an upgrade hangs":                                     testPageBehind(hangUpgrade),
		"goes on where it was when it is loaded again":                         testPageLoadedAgain,
		"tells of a gap when the events are gone":                              testPageWithAGap,
		"does what its buttons say":                                            testPageButtons,
		"places an order when it is opened again that it could not send":       testPageClosedOffline,
		"places an order that it could not send when the server is back":       testPageStaysOffline,
		"gets the answer when it is opened again to an order that was placed":  testPageClosedUnanswered,
		"keeps an order that was refused until it is told to forget it":        testPageRefusedOrder,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, browser)
		})
	}
}

// fixedAddr returns an address whose port nobody is given by chance, so that a
// server can come back to it.
func fixedAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)) // below the ports that systems choose from
		if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr); err == nil {
			require.NoError(t, l.Close())
			return addr
		}
	}
	require.Fail(t, "no free port")
	return ""
}

// killBetweenRetries sends one order five times, and kills the server between
// them. It returns when the page has shown each order, and one that came after
// all of them.
func killBetweenRetries(t *testing.T, p *tab, server *process, addr, data string) *process {
	t.Helper()
	p.mark(t)
	for attempt := range 5 {
		r := server.post(t, "/orders", "k1", twoOfP1)
		require.Equal(t, http.StatusCreated, r.status)
		require.Equal(t, attempt > 0, r.replayed() == "true")
		if attempt%2 == 0 {
			p.untilShown(t, "order.created", "ord_k1")
		}
		server.kill(t)
		server = launchAt(t, addr, data)
		server.post(t, "/orders", fmt.Sprint("while-away-", attempt), twoOfP1) // the page is on its way back
	}
	server.post(t, "/orders", lastOrder, twoOfP1)
	p.untilShown(t, "order.created", "ord_"+lastOrder)
	require.Equal(t, []string{
		"order.created ord_" + lastOrder,
		"order.created ord_while-away-4",
		"order.created ord_while-away-3",
		"order.created ord_while-away-2",
		"order.created ord_while-away-1",
		"order.created ord_while-away-0",
		"order.created ord_k1",
	}, p.events(t))
	p.requireUnbroken(t)
	return server
}

func testPageThroughKills(t *testing.T, browser context.Context) {
	addr, data := fixedAddr(t), t.TempDir()
	server := launchAt(t, addr, data)
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(server.url))
	p.untilLive(t, "ws")
	killBetweenRetries(t, p, server, addr, data).kill(t)
}

// testPageBehind is the same behind a proxy that lets no WebSocket through.
func testPageBehind(upgrade http.HandlerFunc) func(t *testing.T, browser context.Context) {
	return func(t *testing.T, browser context.Context) {
		addr, data := fixedAddr(t), t.TempDir()
		server := launchAt(t, addr, data)
		proxy := httptest.NewServer(proxyTo(addr, upgrade))
		t.Cleanup(proxy.Close) // when the tab is closed
		p := newTab(t, browser)
		p.run(t, chromedp.Navigate(proxy.URL))
		p.untilLive(t, "sse")
		server = killBetweenRetries(t, p, server, addr, data)
		p.untilLive(t, "sse")
		server.kill(t)
	}
}

// proxyTo passes everything on but upgrades.
func proxyTo(addr string, upgrade http.HandlerFunc) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
			r.Out.Host = r.In.Host // the page's origin
		},
		ErrorLog: log.New(io.Discard, "", 0), // the server behind it is killed on purpose
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			upgrade(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

func refuseUpgrade(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "no upgrades here", http.StatusForbidden)
}

func cutUpgrade(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func hangUpgrade(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func testPageLoadedAgain(t *testing.T, browser context.Context) {
	s := newShop(t)
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(s.url))
	p.untilLive(t, "ws")
	s.post(t, "/orders", "k1", twoOfP1)
	p.untilShown(t, "order.created", "ord_k1")

	p.run(t, chromedp.Navigate("about:blank"))
	s.post(t, "/orders", "k2", twoOfP1) // nobody is there
	p.run(t, chromedp.Navigate(s.url))
	p.untilShown(t, "order.created", "ord_k2")
	p.mark(t)
	require.Equal(t, []string{"order.created ord_k2", "order.created ord_k1"}, p.events(t))

	p.run(t, chromedp.Reload())
	p.untilLive(t, "ws")
	s.post(t, "/orders", "k3", twoOfP1)
	p.untilShown(t, "order.created", "ord_k3")
	require.Equal(t, []string{"order.created ord_k3", "order.created ord_k2", "order.created ord_k1"}, p.events(t))
}

func testPageWithAGap(t *testing.T, browser context.Context) {
	addr := fixedAddr(t)
	server := launchAt(t, addr, t.TempDir())
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(server.url))
	p.untilLive(t, "ws")
	server.post(t, "/orders", "k1", twoOfP1)
	p.untilShown(t, "order.created", "ord_k1")
	server.kill(t)

	server = launchAt(t, addr, t.TempDir()) // another database: the cursor is not one of its own
	server.post(t, "/orders", "k2", twoOfP1)
	p.run(t, chromedp.WaitVisible("#missed"))
	p.until(t, `document.querySelector("#orders").textContent.includes("ord_k2") && !document.querySelector("#orders").textContent.includes("ord_k1")`)
	server.post(t, "/orders", "k3", twoOfP1)
	p.untilShown(t, "order.created", "ord_k3")
	server.kill(t)
}

func testPageButtons(t *testing.T, browser context.Context) {
	s := open(t, t.TempDir(), &recorder{dies: 1})
	s.post(t, "/payments", "k7", fiveEuros) // dies after the charge
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(s.url))
	p.untilLive(t, "ws")

	p.run(t, chromedp.Click(`//button[text()="Place order"]`))
	p.until(t, `document.querySelector("#answers").textContent.includes("Status201") && document.querySelectorAll("#events li").length === 1`)
	p.until(t, `document.querySelector("#answers").textContent.includes("Event-Cursor")`)

	p.run(t, chromedp.Click("#twice:enabled"))
	p.until(t, `document.querySelector("#answers").textContent.includes("Same bytes, one order")`)
	p.until(t, `document.querySelectorAll("#events li").length === 2 && document.querySelectorAll("#orders tr").length === 2`)

	p.run(t, chromedp.Click(`(//button[text()="Cancel"])[1]`))
	p.until(t, `document.querySelectorAll("#orders td.cancelled").length === 1 && document.querySelectorAll("#events li").length === 3`)
	rows := s.rows(t)
	require.Len(t, rows, 2)
	require.Equal(t, "cancelled", rows[1].Status)
	require.Equal(t, []string{
		"order.cancelled " + rows[1].OrderID,
		"order.created " + rows[1].OrderID,
		"order.created " + rows[0].OrderID,
	}, p.events(t))

	p.run(t, chromedp.Click(`//button[text()="Release"]`))
	p.until(t, `document.querySelector("#answers").textContent.includes("The key k7 is free")`)
	p.until(t, `document.querySelector("#held").hidden`)
	require.Empty(t, s.held(t))
}
