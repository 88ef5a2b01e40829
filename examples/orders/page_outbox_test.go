package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/faultproxy"
)

const (
	placeOrder = `//button[text()="Place order"]`

	nothingWaits = `document.getElementById("waiting").hidden`
	oneWaits     = `!document.getElementById("waiting").hidden && document.querySelectorAll("#waiting-rows tr").length === 1`
	oneIsListed  = `document.querySelectorAll("#orders tr").length === 1`
	isAnswered   = `document.getElementById("answers").textContent.includes("Status201")`
)

// requireOneOrder requires that the page and the shop have one order, and that
// the page is done with it.
func requireOneOrder(t *testing.T, p *tab, s *shop) {
	t.Helper()
	p.until(t, isAnswered)
	p.until(t, nothingWaits)
	p.until(t, oneIsListed)
	rows := s.rows(t)
	require.Len(t, rows, 1)
	require.Equal(t, "p1", rows[0].ProductID)
	require.Equal(t, 2, rows[0].Quantity)
}

// testPageClosedOffline closes the tab before the order could be sent.
func testPageClosedOffline(t *testing.T, browser context.Context) {
	addr, data := fixedAddr(t), t.TempDir()
	server := launchAt(t, addr, data)
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(server.url))
	p.untilLive(t, "ws")
	server.kill(t)
	p.run(t, chromedp.Click(placeOrder))
	p.until(t, oneWaits)
	p.close()

	server = launchAt(t, addr, data)
	require.Empty(t, server.rows(t))
	p = newTab(t, browser)
	p.run(t, chromedp.Navigate(server.url))
	requireOneOrder(t, p, &server.shop)
	p.run(t, chromedp.Reload())
	p.untilLive(t, "ws")
	p.until(t, oneIsListed)
	require.True(t, evaluate[bool](t, p, nothingWaits))
	require.Len(t, server.rows(t), 1)
	server.kill(t)
}

// testPageStaysOffline leaves the tab open until the server is back.
func testPageStaysOffline(t *testing.T, browser context.Context) {
	addr, data := fixedAddr(t), t.TempDir()
	server := launchAt(t, addr, data)
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(server.url))
	p.untilLive(t, "ws")
	server.kill(t)
	p.run(t, chromedp.Click(placeOrder))
	p.until(t, oneWaits)
	server = launchAt(t, addr, data)
	requireOneOrder(t, p, &server.shop)
	server.kill(t)
}

// testPageClosedUnanswered closes the tab when the order is placed and the
// answer is lost.
func testPageClosedUnanswered(t *testing.T, browser context.Context) {
	s := newShop(t)
	var mended atomic.Bool
	proxy := faultproxy.New(t, s.url, func(*http.Request) faultproxy.Fault {
		if mended.Load() {
			return faultproxy.None
		}
		return faultproxy.DropResponse
	})
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(proxy.URL()))
	p.untilLive(t, "ws")
	p.run(t, chromedp.Click(placeOrder))
	p.until(t, oneWaits)
	p.until(t, oneIsListed) // its event has come
	p.close()

	mended.Store(true)
	p = newTab(t, browser)
	p.run(t, chromedp.Navigate(proxy.URL()))
	requireOneOrder(t, p, s)
	require.Equal(t, "true", evaluate[string](t, p, `document.querySelector("#answers .replayed").textContent`))
}

// testPageRefusedOrder has an order that will not be placed, however often it is
// sent.
func testPageRefusedOrder(t *testing.T, browser context.Context) {
	s := newShop(t)
	p := newTab(t, browser)
	p.run(t, chromedp.Navigate(s.url))
	p.untilLive(t, "ws")
	evaluate[string](t, p, `document.querySelector('[name="quantity"]').value = "0"`)
	p.run(t, chromedp.Click(placeOrder))
	p.until(t, oneWaits)
	p.until(t, `document.getElementById("waiting").textContent.includes("Field quantity must be greater than zero")`)
	p.run(t, chromedp.Click(`//button[text()="Forget"]`))
	p.until(t, nothingWaits)
	require.Empty(t, s.rows(t))
}
