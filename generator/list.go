package generator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// List returns the routes of the packages that the options name, in the order
// of import paths and then of the source. Packages with diagnostics are left
// out. The error is as that of Check. Positions are relative to the folder of
// the run where they are below it.
func List(ctx context.Context, opts Options) ([]Listed, []Diagnostic, error) {
	r, err := find(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	routes, err := r.routes()
	return routes, sortDiagnostics(r.Diagnostics), err
}

// listRoutes describes the routes of packages.
func listRoutes(opts Options, packages []*Package) []Listed {
	slices.SortFunc(packages, func(a, b *Package) int { return cmp.Compare(a.Path, b.Path) })
	parts := make([][]Listed, len(packages))
	each(len(packages), func(i int) { parts[i] = listPackage(opts, packages[i]) })
	return append([]Listed{}, slices.Concat(parts...)...) // never nil: as JSON it is a list
}

// listPackage describes the routes of one package.
func listPackage(opts Options, p *Package) []Listed {
	var promises map[string]*promise
	if opts.Shapes {
		promises = promisesOf(p)
	}
	names := make(map[string]string) // of files, relative: routes share them
	routes := make([]Listed, len(p.Routes))
	for i, route := range p.Routes {
		name, ok := names[route.Pos.Filename]
		if !ok {
			name = opts.relative(route.Pos.Filename)
			names[route.Pos.Filename] = name
		}
		routes[i] = listRoute(p, route, name)
		if known := promises[route.Operation]; known != nil {
			known.tell(&routes[i])
		}
	}
	return routes
}

// listRoute describes one route in a file, without its promise.
func listRoute(p *Package, route *Route, file string) Listed {
	position := route.Pos
	position.Filename = file
	mode := "plain"
	if route.Handler.transaction() != nil {
		mode = "transactional"
	}
	return Listed{
		Method:    route.Method,
		Pattern:   route.Path,
		Operation: route.Operation,
		Handler:   p.Name + "." + handlerName(route.Handler),
		Package:   p.Path,
		Mode:      mode,
		Position:  position.String(),
	}
}

// handlerName names a handler as the runtime does in a stack trace.
func handlerName(h *Handler) string {
	switch {
	case h.Receiver == nil:
		return h.Name
	case h.Receiver.Pointer:
		return fmt.Sprintf("(*%s).%s", h.Receiver.Type.Obj().Name(), h.Name)
	}
	return h.Receiver.Type.Obj().Name() + "." + h.Name
}
