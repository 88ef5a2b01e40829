package tsclient_test

import "testing"

// TestClientsPassAStrictCompiler also compiles programs that use them: what
// must not be possible is marked there with @ts-expect-error.
func TestClientsPassAStrictCompiler(t *testing.T) {
	t.Parallel()
	compile(t, contracts(), map[string]string{
		"src/uses_orders.ts": "testdata/types/uses_orders.ts",
		"src/uses_shapes.ts": "testdata/types/uses_shapes.ts",
	})
}
