package generator

import "strings"

// depth says how much of a declaration is reached.
type depth int

const (
	depthNone  depth = iota
	depthName        // that it is a type with this name, and of which kind
	depthOwn         // the whole in a module that is worked on, else the name
	depthWhole       // also fields, methods, and what they are made of
)

// reacher finds the declarations that directives reach. Of all others nothing
// is checked, and packages of which nothing is reached are not even parsed:
// this is most of what a module imports.
type reacher struct {
	c        *checker
	contract bool // a source wants one, for which the constants of a type matter
	queue    []want
	err      error
}

// want is a name to be reached.
type want struct {
	unit *unit
	name string
}

// run follows all names, and returns the first failure to read a package.
func (r *reacher) run(sources []*source) error {
	for _, src := range sources {
		r.contract = r.contract || src.contract
	}
	for _, src := range sources {
		r.source(r.c.units[src.path])
	}
	for len(r.queue) > 0 && r.err == nil {
		w := r.queue[0]
		r.queue = r.queue[1:]
		r.follow(w)
		if len(r.queue) == 0 {
			r.sketch()
		}
	}
	return r.err
}

// source reaches the handlers and the events of a unit.
func (r *reacher) source(u *unit) {
	for _, d := range u.source.directives {
		for _, file := range u.files {
			if file.FileStart <= d.decl.Pos() && d.decl.Pos() < file.FileEnd {
				v := visitor{r, u, file}
				v.handler(d.decl)
			}
		}
	}
	for _, e := range u.source.events {
		r.add(u, e.spec.Name.Name, depthWhole)
	}
	for _, file := range u.files {
		for _, path := range u.imports[file].dots {
			if dot := r.c.unit(path); dot != nil {
				r.parse(dot) // its exported names are names of the file
			}
		}
	}
}

// add notes that a name is reached.
func (r *reacher) add(u *unit, name string, d depth) {
	if d == depthOwn {
		d = depthName
		if u.own {
			d = depthWhole
		}
	}
	if u.wanted[name] < d {
		u.wanted[name] = d
		r.queue = append(r.queue, want{u, name})
	}
}

// follow visits the declarations of a name.
func (r *reacher) follow(w want) {
	d := w.unit.wanted[w.name]
	if w.unit.files == nil {
		if d == depthName && !w.unit.own {
			return // it may do without
		}
		r.parse(w.unit)
		return
	}
	for _, at := range w.unit.names[w.name] {
		v := visitor{r, w.unit, at.file}
		v.declaration(w.name, at, d)
	}
}

// parse makes a unit's declarations known, and follows those that were reached
// before.
func (r *reacher) parse(u *unit) {
	if u.files != nil || r.err != nil {
		return
	}
	if r.err = u.tooNew(); r.err != nil {
		return
	}
	if r.err = u.parse(r.c.disk); r.err != nil {
		return
	}
	u.types = nil // of an earlier sketch
	u.index(r.c.nameOf)
	for name := range u.wanted {
		r.queue = append(r.queue, want{u, name})
	}
}

// sketch makes the types of units that are not parsed, or parses them.
func (r *reacher) sketch() {
	for _, u := range r.c.sorted() {
		if u.files == nil && !u.sketch(r.c.disk) {
			r.parse(u)
		}
	}
}

// baseOfPath is the name of a package that nobody could find.
func baseOfPath(path string) string { return path[strings.LastIndex(path, "/")+1:] }
