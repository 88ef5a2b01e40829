package feed_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		allowed []string
		origin  string
		want    bool
	}{
		"none":                          {nil, "", true},
		"same host":                     {nil, "https://shop.example.com", true},
		"same host in capitals":         {nil, "https://SHOP.example.COM", true},
		"same host, another port":       {nil, "https://shop.example.com:8443", false},
		"another host":                  {nil, "https://evil.com", false},
		"the host as user":              {nil, "https://shop.example.com@evil.com", false},
		"the host in front":             {nil, "https://shop.example.com.evil.com", false},
		"a page without an origin":      {nil, "null", false},
		"a page without an origin, any": {[]string{"*"}, "null", false},
		"no address at all":             {[]string{"*"}, "%zz", false},
		"allowed host":                  {[]string{"a.com", "b.com"}, "https://b.com", true},
		"allowed host, any scheme":      {[]string{"b.com"}, "http://b.com", true},
		"allowed host in capitals":      {[]string{"B.com"}, "https://b.COM", true},
		"allowed host, another port":    {[]string{"b.com"}, "https://b.com:444", false},
		"allowed host with its port":    {[]string{"b.com:444"}, "https://b.com:444", true},
		"allowed host as a part":        {[]string{"b.com"}, "https://b.com.evil.com", false},
		"allowed host at the end":       {[]string{"b.com"}, "https://evilb.com", false},
		"below an allowed domain":       {[]string{"*.b.com"}, "https://x.b.com", true},
		"deep below an allowed domain":  {[]string{"*.b.com"}, "https://x.y.b.com", true},
		"the allowed domain itself":     {[]string{"*.b.com"}, "https://b.com", false},
		"beside an allowed domain":      {[]string{"*.b.com"}, "https://xb.com", false},
		"any":                           {[]string{"*"}, "https://b.com:8080", true},
		"allowed scheme":                {[]string{"https://b.com"}, "https://b.com", true},
		"another scheme":                {[]string{"https://b.com"}, "http://b.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _ := start(t, 0, &feed.Options{AllowedOrigins: test.allowed})
			r := ask("")
			r.Host = "shop.example.com"
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			require.Equal(t, test.want, f.OriginAllowed(r))
			if !test.want {
				rec, _ := refusal(t, f, r)
				require.Equal(t, http.StatusForbidden, rec.Code)
				return
			}
			s, err := f.Subscribe(r)
			require.NoError(t, err)
			s.Close()
		})
	}
}

func TestPatternThatMatchesNoOriginIsRefused(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"[", "", "https://", "https://a.com/", "a.com/shop", "user@a.com", "a.com b.com"} {
		err := feed.New(&feed.Options{AllowedOrigins: []string{"good.com", pattern}}).Open(new(outbox), "e.0")
		require.ErrorContains(t, err, strconv.Quote(pattern))
	}
	allowed := []string{"*", "a.com", "*.a.com", "https://a.com:8443", "https://*.a.com", "a.com:*"}
	require.NoError(t, feed.New(&feed.Options{AllowedOrigins: allowed}).Open(new(outbox), "e.0"))
}
