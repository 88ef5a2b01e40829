package generator

import (
	"errors"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// ErrTarget is the error of options that name a document or client which
// cannot be made: its name has no extension that says how, it is outside of
// the module, or the packages have events and no routes.
var ErrTarget = errors.New("cannot make this")

// target is what is made of one contract.
type target struct {
	packages []*Package     // by import path
	origin   *Package       // whose directive it is; nil for that of the options
	pos      token.Position // of the directive
	openapi  targetPath
	client   targetPath
	ts       targetPath

	failed bool
}

// targetPath is a file or folder that is to be made.
type targetPath struct {
	path string // absolute; "" for none
	as   string // as it was written
	pos  token.Position
}

// paths are the three of them, each by the name of its option.
func (t *target) paths() []struct {
	name string
	to   *targetPath
} {
	return []struct {
		name string
		to   *targetPath
	}{{"openapi", &t.openapi}, {"client", &t.client}, {"ts", &t.ts}}
}

// isEmpty reports whether there is nothing to be made.
func (t *target) isEmpty() bool {
	return t.openapi.path == "" && t.client.path == "" && t.ts.path == ""
}

// name says whose target it is, for a message.
func (t *target) name() string {
	if t.origin == nil {
		return "the command line"
	}
	return t.origin.Path
}

// target returns the target that the options name; nil when they name
// none.
func (o Options) target() (*target, error) {
	t := new(target)
	for _, p := range t.paths() {
		value := map[string]string{"openapi": o.OpenAPI, "client": o.Client, "ts": o.TypeScript}[p.name]
		if value == "" {
			continue
		}
		path := value
		if !filepath.IsAbs(path) {
			path = filepath.Join(o.Dir, path)
		}
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if fault, hint := pathFault(p.name, path); fault != "" {
			return nil, fmt.Errorf("%w: %s=%s: %s: %s", ErrTarget, p.name, value, fault, hint)
		}
		*p.to = targetPath{path: path, as: value}
	}
	if t.isEmpty() {
		return nil, nil
	}
	return t, nil
}

// readTarget reads the target of a package; nil when it has none.
func readTarget(src *source) (*target, []Diagnostic) {
	if len(src.targets) == 0 {
		return nil, nil
	}
	d := src.targets[0]
	t := &target{pos: src.position(d.pos)}
	var found []Diagnostic
	for _, second := range src.targets[1:] {
		at := src.position(d.pos)
		at.Filename = filepath.Base(at.Filename)
		message := fmt.Sprintf("the package already has the directive at %s", at)
		found = append(found, src.diagnose(second.pos, CategoryDirectiveTwice, message, "write all of it in one directive"))
	}
	for _, opt := range d.options {
		found = append(found, t.read(src, opt)...)
	}
	return t, found
}

// read reads one option of the directive.
func (t *target) read(src *source, opt option) []Diagnostic {
	for _, p := range t.paths() {
		if p.name != opt.name.text {
			continue
		}
		if p.to.as != "" {
			return []Diagnostic{src.diagnose(opt.name.pos, CategoryOption, fmt.Sprintf("option %s is given twice", p.name), "keep one of them")}
		}
		value := opt.value.text
		path := filepath.Join(src.dir, filepath.FromSlash(value))
		fault, hint := valueFault(value)
		if fault == "" {
			fault, hint = pathFault(p.name, path)
		}
		if fault == "" && path == src.dir {
			fault, hint = "it is the folder of the package itself", "name a folder of its own, such as client"
		}
		*p.to = targetPath{path: path, as: value, pos: src.position(opt.value.pos)}
		if fault != "" {
			message := fmt.Sprintf("%s=%s: %s", p.name, value, fault)
			return []Diagnostic{src.diagnose(opt.value.pos, CategoryOptionValue, message, hint)}
		}
		return nil
	}
	hint := "the options are openapi, client and ts"
	if near := nearest(opt.name.text, targetNames); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return []Diagnostic{src.diagnose(opt.name.pos, CategoryOption, "unknown option "+opt.name.text, hint)}
}

// valueFault returns what is wrong with a path in a directive, and a hint. A
// directive reads the same on every system.
func valueFault(value string) (fault, hint string) {
	switch {
	case value == "":
		return "a path is missing", "write one behind the equals sign, relative to the folder of the package"
	case strings.Contains(value, `\`):
		return "it has a backslash", "write / between folders"
	case strings.HasPrefix(value, "/"), filepath.IsAbs(value):
		return "the path is absolute", "write it relative to the folder of the package"
	case strings.ContainsAny(value, "\"'`"):
		return "it has quotes", "write it without them; the flags of cneriumgen take paths with spaces"
	}
	return "", ""
}

// pathFault returns why something cannot be made at a path, and a hint.
func pathFault(name, path string) (fault, hint string) {
	base := filepath.Base(path)
	switch {
	case name == "openapi" && formatOf(path) == "":
		return "the extension says neither JSON nor YAML", "name a file that ends in .yaml, .yml or .json"
	case name == "client" && (!token.IsIdentifier(base) || base == "_" || base == "main"):
		return fmt.Sprintf("%s cannot be the name of a Go package", base), "name a folder like client or ordersclient"
	}
	return "", ""
}

// formatOf returns the format of a document by the extension of its file; ""
// for another.
func formatOf(path string) string {
	return map[string]string{".json": "json", ".yaml": "yaml", ".yml": "yaml"}[filepath.Ext(path)]
}

// EventsName returns the AsyncAPI document that lies beside an OpenAPI
// document: its name with asyncapi in place of openapi, or else with .asyncapi
// before the extension. So openapi.yaml has asyncapi.yaml beside it,
// orders.openapi.json has orders.asyncapi.json, and docs.yaml has
// docs.asyncapi.yaml.
func EventsName(openAPI string) string {
	dir, base := filepath.Split(openAPI)
	if i := strings.LastIndex(base, "openapi"); i >= 0 {
		return dir + base[:i] + "asyncapi" + base[i+len("openapi"):]
	}
	ext := filepath.Ext(base)
	return dir + strings.TrimSuffix(base, ext) + ".asyncapi" + ext
}

// rootsOf returns the folders below which documents and clients may lie: those
// of the modules that are worked on, and that of the workspace.
func rootsOf(opts Options, listed *listing) []string {
	var roots []string
	for _, n := range listed.own {
		roots = append(roots, n.root)
	}
	if dir := workspaceDir(opts.Dir); dir != "" {
		roots = append(roots, dir)
	}
	return roots
}

// workspaceDir returns the folder of the workspace that a run is in; "" when it
// is in none.
func workspaceDir(dir string) string {
	switch file := os.Getenv("GOWORK"); {
	case file == "off":
		return ""
	case filepath.IsAbs(file):
		return filepath.Dir(file)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}
