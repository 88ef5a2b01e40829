package tsclient_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/cnerium/cnerium-go/internal/testenv"
	"github.com/stretchr/testify/require"
)

// pageLimit bounds each thing that a page is waited for.
const pageLimit = 30 * time.Second

// browser is a running Chromium.
type browser struct {
	ctx  context.Context
	stop func()
}

// startBrowser starts a Chromium on a profile, which can be that of an earlier
// one. It ends with the test, or before by kill.
func startBrowser(t *testing.T, profile string) *browser {
	t.Helper()
	temp, err := os.MkdirTemp("", "c") //nolint:usetesting // the path of a socket in it must not be long
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(temp)) })
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(testenv.Chromium(t)),
		chromedp.UserDataDir(profile),
		chromedp.Env("TMPDIR="+temp),
		chromedp.WSURLReadTimeout(pageLimit),
		chromedp.DisableGPU,
	)
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium wants it so
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	ctx, _ := chromedp.NewContext(allocator)
	b := &browser{ctx: ctx}
	b.stop = func() {
		stop()
		chromedp.FromContext(ctx).Allocator.Wait()
	}
	t.Cleanup(b.stop)
	require.NoError(t, chromedp.Do(ctx))
	return b
}

// kill ends the browser without a word to its pages.
func (b *browser) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, chromedp.FromContext(b.ctx).Browser.Process().Kill())
	b.stop()
}

// tab is a page.
type tab struct {
	ctx   context.Context
	close func()
}

// open loads a page in a tab of its own and waits for its script.
func (b *browser) open(t *testing.T, url string) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx)
	p := &tab{ctx, closeTab}
	require.NoError(t, chromedp.Do(ctx)) // the tab lives as long as this context
	bounded, cancel := context.WithTimeout(ctx, pageLimit)
	defer cancel()
	require.NoError(t, chromedp.Do(bounded, chromedp.Navigate(url)))
	p.until(t, "window.ready")
	return p
}

// until waits for a condition in JavaScript, which may be a promise.
func (p *tab) until(t *testing.T, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, pageLimit)
	defer cancel()
	poll := chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(pageLimit))
	require.NoError(t, chromedp.Do(ctx, poll), condition)
}

// evaluate returns what an expression in JavaScript is, when its promise is
// fulfilled.
func evaluate[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, pageLimit)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(t, err, expression)
	return value
}
