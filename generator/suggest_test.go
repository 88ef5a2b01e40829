package generator

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearestFindsTheNameThatWasMeant(t *testing.T) {
	t.Parallel()
	names := []string{"status", "retention", "wait", "timeout", "lease", "recover", "max-body"}
	for word, want := range map[string]string{
		"staus":    "status",
		"wati":     "wait",
		"Status":   "status",
		"time":     "timeout",
		"maxbody":  "max-body",
		"max_body": "max-body",
		"":         "",
		"colour":   "",
		"x":        "",
	} {
		require.Equal(t, want, nearest(word, names), word)
	}
}
