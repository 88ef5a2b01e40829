package generator

import (
	"runtime"
	"runtime/debug"
)

const modulePath = "github.com/cnerium/cnerium-go"

// Version returns the version of the module that this package was built from,
// and that of Go: "v1.2.3 go1.26.0". A build from a working copy says (devel).
func Version() string {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
			if m.Path == modulePath && m.Version != "" {
				version = m.Version
			}
		}
	}
	return version + " " + runtime.Version()
}
