// Package prose has words about cnerium: nothing is meant by them.
package prose

// Cnerium is not a directive, and neither is cnerium generate.
func Cnerium() {}
