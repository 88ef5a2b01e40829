package client_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/client"
)

// fakeClient calls a function instead of a server.
func fakeClient(t *testing.T, retry client.Retry, serve fake) *client.Client {
	t.Helper()
	return newClient(t, "http://shop.example", &client.Options{Retry: retry, HTTP: &http.Client{Transport: serve}})
}

// always answers with a status and a header field.
func always(code int, name, value string) fake {
	return func(*http.Request) (*http.Response, error) {
		return reply(code, http.Header{name: {value}}, ""), nil
	}
}

func TestPausesHaveFullJitterAndGrowToTheirLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls = 300
		longest := make([]time.Duration, 10)
		shortest := make([]time.Duration, 10)
		opts := &client.Options{
			HTTP:  &http.Client{Transport: always(503, "X", "")},
			Retry: client.Retry{BaseDelay: time.Second, MaxDelay: 10 * time.Second, MaxElapsed: time.Hour, Budget: -1},
			OnAttempt: func(_ context.Context, a client.Attempt) {
				if a.Again {
					longest[a.Number] = max(longest[a.Number], a.Pause)
					if shortest[a.Number] == 0 || a.Pause < shortest[a.Number] {
						shortest[a.Number] = a.Pause
					}
				}
			},
		}
		c := newClient(t, "http://shop.example", opts)
		for range calls {
			_, _, err := call(t.Context(), c, nil)
			require.Error(t, err)
		}
		for n, seconds := range []int{0, 1, 2, 4, 8, 10, 10, 10, 10, 10} {
			limit := time.Duration(seconds) * time.Second
			require.LessOrEqual(t, longest[n], limit)
			require.GreaterOrEqual(t, longest[n], limit*9/10)
			require.LessOrEqual(t, shortest[n], limit/10)
		}
	})
}

func TestRetryAfterIsTheLeastPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().UTC()
		for _, test := range []struct {
			header http.Header
			least  time.Duration
		}{
			{http.Header{"Retry-After": {"7"}}, 7 * time.Second},
			{http.Header{"Retry-After": {" 7 "}}, 7 * time.Second},
			{http.Header{"Retry-After": {start.Add(time.Minute).Format(http.TimeFormat)}}, time.Minute},
			{http.Header{"Retry-After": {"Fri, 01 Jan 2100 00:00:09 GMT"}, "Date": {"Fri, 01 Jan 2100 00:00:00 GMT"}}, 9 * time.Second},
			{http.Header{"Retry-After": {"Fri, 01 Jan 1999 00:00:00 GMT"}}, 0},
			{http.Header{"Retry-After": {"-7"}}, 0},
			{http.Header{"Retry-After": {"soon"}}, 0},
		} {
			synctest.Wait()
			began := time.Now()
			least := test.least
			if least == time.Minute {
				least -= began.Sub(start)
			}
			attempts := 0
			c := fakeClient(t, client.Retry{BaseDelay: time.Millisecond}, func(*http.Request) (*http.Response, error) {
				if attempts++; attempts == 1 {
					return reply(503, test.header, ""), nil
				}
				return reply(204, nil, ""), nil
			})
			_, _, err := c.Do(t.Context(), create(), nil)
			require.NoError(t, err)
			require.GreaterOrEqual(t, time.Since(began), least, test.header)
			require.LessOrEqual(t, time.Since(began), least+time.Millisecond, test.header)
		}
	})
}

// TestThoseWhoWaitForTheSameTimeComeApart has a server that asks all for the
// same time.
func TestThoseWhoWaitForTheSameTimeComeApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		times := make(map[time.Duration]bool)
		for range 50 {
			start, attempts := time.Now(), 0
			c := fakeClient(t, client.Retry{BaseDelay: time.Second}, func(*http.Request) (*http.Response, error) {
				if attempts++; attempts == 1 {
					return reply(503, http.Header{"Retry-After": {"7"}}, ""), nil
				}
				times[time.Since(start)] = true
				return reply(204, nil, ""), nil
			})
			_, _, err := c.Do(t.Context(), create(), nil)
			require.NoError(t, err)
		}
		require.Greater(t, len(times), 40)
	})
}

func TestCallEndsAtOnceWhenTheServerAsksForTooMuchTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, asked := range []string{"61", "99999999999999999999"} {
			start := time.Now()
			_, _, err := call(t.Context(), fakeClient(t, client.Retry{}, always(503, "Retry-After", asked)), nil)
			e := failure(t, err)
			require.Zero(t, time.Since(start))
			require.Equal(t, 1, e.Attempts)
			require.GreaterOrEqual(t, e.RetryAfter, 61*time.Second)
			require.ErrorContains(t, err, "longer than Retry.MaxRetryAfter")
			require.True(t, e.Pending())
		}
	})
}

func TestCallDoesNotWaitForAnAttemptThatItsDeadlineForbids(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, _, err := call(ctx, fakeClient(t, client.Retry{}, always(503, "Retry-After", "5")), nil)
		require.Zero(t, time.Since(start))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 503, failure(t, err).Status)
		require.ErrorContains(t, err, "503 Service Unavailable; not tried again: the next attempt would begin in 5")
	})
}

func TestContextEndsAttemptsAndPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, serve := range []fake{
			always(503, "Retry-After", "20"),
			func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			},
		} {
			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("the caller is gone")
			time.AfterFunc(3*time.Second, func() { cancel(cause) })
			start := time.Now()
			_, _, err := call(ctx, fakeClient(t, client.Retry{}, serve), nil)
			require.Equal(t, 3*time.Second, time.Since(start))
			e := failure(t, err)
			require.Equal(t, 1, e.Attempts)
			require.True(t, e.Pending())
			require.Equal(t, e.Status == 503, e.GaveUp != nil, "there was no other attempt to give up")
			require.True(t, errors.Is(err, cause) || errors.Is(err, context.Canceled))
		}
	})
}

func TestAttemptThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		hangs := func(r *http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return reply(204, nil, ""), nil
		}
		for _, test := range []struct {
			retry   client.Retry
			timeout time.Duration
			after   time.Duration
		}{
			{client.Retry{}, 0, 40 * time.Second},
			{client.Retry{}, 5 * time.Second, 40 * time.Second},
			{client.Retry{}, 90 * time.Second, 100 * time.Second},
			{client.Retry{AttemptTimeout: time.Second}, 90 * time.Second, time.Second},
		} {
			attempts = 0
			test.retry.BaseDelay = time.Millisecond
			start := time.Now()
			req := create()
			req.Timeout(test.timeout)
			_, meta, err := fakeClient(t, test.retry, hangs).Do(t.Context(), req, nil)
			require.NoError(t, err)
			require.Equal(t, 2, meta.Attempts)
			require.InDelta(t, test.after, time.Since(start), float64(time.Millisecond))
		}
		attempts = 0
		_, _, err := call(t.Context(), fakeClient(t, client.Retry{MaxAttempts: 1}, hangs), nil)
		require.ErrorContains(t, err, "no answer within 40s")
	})
}

func TestNoAttemptBeginsAfterMaxElapsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := fakeClient(t, client.Retry{MaxElapsed: time.Minute, MaxAttempts: 1000}, always(503, "Retry-After", "7"))
		_, _, err := call(t.Context(), c, nil)
		require.ErrorContains(t, err, "Retry.MaxElapsed")
		require.LessOrEqual(t, time.Since(start), time.Minute)
		require.Greater(t, time.Since(start), 30*time.Second)
	})
}

// TestOutageIsNotMultiplied calls a server that is down, again and again: after
// the budget is spent, a call is hardly more than a request.
func TestOutageIsNotMultiplied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		requests, code := 0, 503
		c := fakeClient(t, client.Retry{BaseDelay: time.Nanosecond, MaxDelay: time.Nanosecond}, func(*http.Request) (*http.Response, error) {
			requests++
			return reply(code, nil, ""), nil
		})
		for range 1000 {
			_, _, err := call(t.Context(), c, nil)
			require.Error(t, err)
		}
		require.Equal(t, 1100, requests)
		_, _, err := call(t.Context(), c, nil)
		require.ErrorContains(t, err, "the retry budget is spent")

		code = 204
		for range 20 {
			_, _, err := c.Do(t.Context(), create(), nil)
			require.NoError(t, err)
		}
		requests, code = 0, 503
		_, _, err = call(t.Context(), c, nil)
		require.Error(t, err)
		require.Equal(t, 3, requests, "twenty successes are worth two retries")

		time.Sleep(5 * time.Second)
		requests = 0
		_, _, err = call(t.Context(), c, nil)
		require.Error(t, err)
		require.Equal(t, 6, requests, "five seconds are worth five")
	})
}

func TestWaitingForAnEarlierRequestTakesNothingFromTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		header := http.Header{"Content-Type": {"application/problem+json"}}
		c := fakeClient(t, client.Retry{Budget: 1, BaseDelay: time.Nanosecond, MaxDelay: time.Nanosecond}, func(*http.Request) (*http.Response, error) {
			return reply(409, header, `{"type":"urn:cnerium:problem:in-flight"}`), nil
		})
		for range 3 {
			_, _, err := call(t.Context(), c, nil)
			require.Equal(t, 10, failure(t, err).Attempts)
		}
	})
}

func TestRetryOfTheCallReplacesThatOfTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := fakeClient(t, client.Retry{}, always(503, "X", ""))
		_, _, err := call(t.Context(), c, &client.Call{Retry: &client.Retry{MaxAttempts: 1}})
		require.Equal(t, 1, failure(t, err).Attempts)
	})
}
