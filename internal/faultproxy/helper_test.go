package faultproxy_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

func post(ctx context.Context, c *http.Client, url, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// cancelWhen returns a context that ends once something is so.
func cancelWhen(t *testing.T, is func() bool) (context.Context, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !is() && ctx.Err() == nil {
			runtime.Gosched()
		}
		cancel()
	}()
	return ctx, cancel
}
