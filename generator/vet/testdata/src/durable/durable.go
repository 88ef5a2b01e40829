package durable

import "context"

// want +2 `GET only reads.* \[method\]\n\tregister the handler with the mux`
//
//cnerium:durable GET /orders orders.list
func List(ctx context.Context) error { return nil }

func helper() {
	// want +1 `a space after // makes this an ordinary comment \[directive-space\]`
	// cnerium:durable POST /orders orders.create
}

// want +1 `a space after // makes this an ordinary comment \[directive-space\]\n\tremove the space: //cnerium:ignore`
// cnerium:ignore forward the provider finds repetitions by itself

// want +1 `"goroutines" is no category that can be ignored \[ignore\]\n\tthe form is //cnerium:ignore CATEGORY REASON`
//cnerium:ignore goroutines because

// want +1 `the reason is missing \[ignore\]`
//cnerium:ignore forward

// want +1 `the category and the reason are missing \[ignore\]`
//cnerium:ignore
