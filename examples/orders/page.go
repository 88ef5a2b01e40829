package main

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// Browsers do not run TypeScript. What cneriumgen writes into page/client is
// compiled, and both are committed, so that building the shop needs only Go:
//
//	npx --package typescript@7.0.2 tsc -p examples/orders/page
//
//go:embed page/*.html page/*.js page/*.css page/*.svg page/client/*.js
var page embed.FS

// contentTypes are set here, because the tables of some systems give scripts a
// type that browsers refuse.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
}

// policy lets the page use its own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// registerPage serves the files of the page. It panics when one cannot be read.
func registerPage(mux *http.ServeMux) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err)
	}
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			registerFile(mux, files, name)
		}
		return err
	})
	if err != nil {
		panic(err)
	}
}

// registerFile serves one file under its name, and the page itself as the root.
func registerFile(mux *http.ServeMux, files fs.FS, name string) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		panic(err)
	}
	pattern := "GET /" + name
	if name == "index.html" {
		pattern = "GET /{$}"
	}
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Type", contentTypes[path.Ext(name)])
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
