package openapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/openapi"
)

// BenchmarkDocument writes an API of 100 operations and 200 types.
func BenchmarkDocument(b *testing.B) {
	c := shop()
	in, out := c.Operations[0].Body.Type, c.Operations[0].Result.Type
	c.Operations = nil
	for i := range 100 {
		input, output := *in, *out
		input.Name, output.Name = fmt.Sprintf("In%d", i), fmt.Sprintf("Out%d", i)
		c.Types = append(c.Types, &input, &output)
		op := createOrder(&input, &output)
		op.ID, op.Path = fmt.Sprintf("orders.create%d", i), fmt.Sprintf("/orders/%d", i)
		c.Operations = append(c.Operations, op)
	}
	for _, format := range []string{openapi.JSON, openapi.YAML} {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				_, err := openapi.Document(c, format)
				require.NoError(b, err)
			}
		})
	}
}
