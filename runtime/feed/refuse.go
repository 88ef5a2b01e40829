package feed

import (
	"errors"
	"net/http"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Refuse answers a request that Subscribe has refused: with the error where it
// is a *cnerium.Error, else with 403 and no detail.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*cnerium.Error](err)
	if !ok || e == nil { // a nil *cnerium.Error in an error is a mistake easily made
		e = cnerium.Forbidden("")
	}
	e.ServeHTTP(w, r)
}
