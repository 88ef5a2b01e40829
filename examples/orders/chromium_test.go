package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/cnerium/cnerium-go/internal/testenv"
	"github.com/stretchr/testify/require"
)

// pageLimit bounds each thing that a page is waited for.
const pageLimit = 30 * time.Second

// startBrowser starts a Chromium for the test and its subtests. Its pages are made
// with newTab.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(testenv.Chromium(t)),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Env("TMPDIR="+t.TempDir()),
		chromedp.WSURLReadTimeout(pageLimit),
		chromedp.DisableGPU,
	)
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium wants it so
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	browser, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(browser) // lets it close its files
		stop()
		chromedp.FromContext(browser).Allocator.Wait()
	})
	require.NoError(t, chromedp.Do(browser))
	return browser
}

// tab is the example's page in a browser.
type tab struct {
	ctx   context.Context
	close func() // also called when the test ends

	mu     sync.Mutex
	faults []string // what went wrong in its script
}

// newTab opens a tab. What its script throws, and what a policy forbids it,
// fails the test.
func newTab(t *testing.T, browser context.Context) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser)
	p := &tab{ctx: ctx, close: closeTab}
	err := chromedp.Listen(ctx, func(event any) {
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			p.fault(fmt.Sprint(event.ExceptionDetails.Text, event.ExceptionDetails.Exception))
		case *log.EventEntryAdded:
			if event.Entry.Source == log.EntrySourceSecurity {
				p.fault(event.Entry.Text)
			}
		}
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		closeTab()
		p.mu.Lock()
		defer p.mu.Unlock()
		require.Empty(t, p.faults)
	})
	return p
}

func (p *tab) fault(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, text)
}

// run does what a person at the page would do.
func (p *tab) run(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, pageLimit)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		require.NoError(t, err, "the page shows: %s", p.text())
	}
}

// text is what the page shows, for who looks at a failure.
func (p *tab) text() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		return "nothing: " + err.Error()
	}
	return text
}

// evaluate returns what an expression in JavaScript is now.
func evaluate[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, pageLimit)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return value
}

// until waits for a condition in JavaScript.
func (p *tab) until(t *testing.T, condition string) {
	t.Helper()
	p.run(t, chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(pageLimit)))
}

// untilLive waits for the connection.
func (p *tab) untilLive(t *testing.T, transport string) {
	t.Helper()
	p.until(t, `document.querySelector('#connection[data-state="live"][data-transport="`+transport+`"]') !== null`)
}

// untilShown waits for an event.
func (p *tab) untilShown(t *testing.T, eventType, orderID string) {
	t.Helper()
	id, err := json.Marshal(orderID)
	require.NoError(t, err)
	p.until(t, `document.querySelector('#events li[data-type="`+eventType+`"][data-subject=`+string(id)+`]') !== null`)
}

// events returns type and subject of what the page shows, the newest first.
func (p *tab) events(t *testing.T) []string {
	t.Helper()
	return evaluate[[]string](t, p, `[...document.querySelectorAll("#events li")].map((li) => li.dataset.type + " " + li.dataset.subject)`)
}

// requireUnbroken requires that the page is the one that was marked, not one
// that was loaded again, and has missed nothing.
func (p *tab) requireUnbroken(t *testing.T) {
	t.Helper()
	require.True(t, evaluate[bool](t, p, `window.marked === true && document.getElementById("missed").hidden`))
}

// mark makes requireUnbroken notice when the page is loaded again.
func (p *tab) mark(t *testing.T) {
	t.Helper()
	evaluate[bool](t, p, `window.marked = true`)
}
