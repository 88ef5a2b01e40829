// Package sign stands for any library that touches requests.
package sign

import "net/http"

func Sign(r *http.Request) {}

type HeaderCarrier http.Header

func Inject(c HeaderCarrier) {}
