// Command cneriumgen reads the //cnerium: directives of Go packages and writes
// the code that registers their handlers with the runtime,
// github.com/cnerium/cnerium-go/runtime, and on demand documents and clients of
// the same operations.
//
// Usage:
//
//	cneriumgen [generate] [flags] [packages]
//	cneriumgen check [-diff] [flags] [packages]
//	cneriumgen list [-json] [flags] [packages]
//	cneriumgen breaking -against FILE|REVISION [flags] [packages]
//	cneriumgen explain [category]
//	cneriumgen watch [flags] [packages]
//	cneriumgen init [-n] [flags] [packages]
//	cneriumgen version
//	cneriumgen help
//
// Packages are named as for the go command; without any, it is the package in
// the current folder. Only packages of the main module, or of the modules of a
// workspace, are worked on. Usually the command runs by go generate, from a
// module that has it as a tool:
//
//	go get -tool github.com/cnerium/cnerium-go/cmd/cneriumgen
//
//	//go:generate go tool cneriumgen
//
// or, in one package for the whole module,
//
//	//go:generate go tool cneriumgen -C .. ./...
//
// The same program is a tool of go vet, which looks into the bodies of handlers,
// too:
//
//	go vet -vettool=$(go tool -n cneriumgen) ./...
//
// # Commands
//
// Generate writes one file, cnerium_gen.go, into each package with routes or
// events, and removes it when the last of them is gone; and the documents and
// clients that flags or directives ask for. A file is written in one step, and
// only when its bytes change. The paths of files that changed go to standard
// output.
//
// Check writes nothing. It names the files that generate would write (stale,
// missing) or remove (left over), and with -diff prints what would change.
// Documents and TypeScript clients that nobody asks for any more are not known
// to it, and stay.
//
// List prints the routes in columns, or with -json as an array of objects, with
// all that a route promises its clients: that is what breaking compares with.
//
// Breaking compares the routes with those of a file that list -json has
// written, or with those in the source of a git revision, such as main or
// v1.4.0. It names the changes that break clients or make the server forget
// keys: routes that are gone or moved, renamed operations, narrowed inputs,
// results that do not fit old clients, another status, a shorter retention,
// another recover. With -v it names the others, too. The packages have to be
// those that the file was made of. The source of a revision is written into a
// temporary folder; the work tree and the index stay as they are.
//
// Explain tells about a category of findings: what it means, why the rule is
// there, and an example. Without a category it lists all of them.
//
// Watch generates now, and again within milliseconds whenever a Go file, go.mod
// or go.work of the modules changes, until it is interrupted. Diagnostics are
// printed when they appear, and again behind the word mended when they are
// gone. Folders that the go command passes over, vendor and node_modules are
// not watched. Where the system does not tell of changes, as on many network
// drives, or has no watches left, -poll looks now and then.
//
// Init makes a module ready, and leaves alone what is there: it adds the command
// as a tool by go get -tool, of the version that the module requires of this
// module or else of that of the command; writes the line for go generate, with
// the flags and packages of its own command line, into doc.go or a new
// generate.go in the folder of -C; and tells .gitattributes which files are
// generated. Where there is no network the module cache has to have what the
// tool is built from. With -n it prints what it would do.
//
// # Flags
//
//	-C DIR        work in DIR; paths are printed relative to it
//	-tags T       build tags, comma-separated, as for go build
//	-openapi FILE write an OpenAPI document of all packages, .json or .yaml
//	-client DIR   write a Go client of all packages
//	-ts DIR       write a TypeScript client of all packages
//	-format F     of generate, check and breaking: text, json, github or sarif
//	-cache MODE   on (the default), off or verify
//	-v            say more: what became of the cache, and compatible changes
//	-diff         of check: print what would change, in the format that patch reads
//	-json         of list: print JSON
//	-against OLD  of breaking: a file or a git revision
//	-poll D       of watch: look every D, such as 1s
//	-n            of init: change nothing
//
// A directive in a file that the build leaves out makes no route. So what is
// generated with -tags compiles only with these tags, if one of the files with
// directives needs them. Without the tags, generate writes the routes of the other files; when
// there are none, it leaves the output alone and says so.
//
// # The cache
//
// What a run found out is kept in the folder cneriumgen of the user's cache
// folder, diagnostics and all. It is used again when nothing has changed that
// it depends on: the Go files of the module, of the modules that stand in for
// others and of the vendor folder, read and compared by their bytes; which
// files there are; go.mod, go.sum and go.work; the environment and settings of
// the go command; its version, and this program. Then the go command is not
// run at all.
//
// A cache that cannot be read or written only makes runs slower. With
// -cache=verify the work is done in any case, and the command fails when what
// was kept is not what comes out. The folder may be deleted at any time; it
// does not grow beyond 64 MiB.
//
// # The directive of a route
//
// A directive is a line of the comment directly above a function or method,
// with no space after the slashes:
//
//	//cnerium:durable METHOD PATTERN OPERATION [name=value …]
//
// METHOD is POST, PUT, PATCH or DELETE. PATTERN is a net/http pattern, such as
// /orders/{id}. OPERATION is the stable dotted name, such as orders.create,
// under which the answers to keys are kept: a route may change its pattern, but
// keeps its operation. The words are separated by blanks. Options:
//
//	status=201         status of a successful answer; default 200, or 204 for
//	                   a handler without a result
//	retention=72h      how long an answer is kept; default 24h
//	wait=5s            how long a duplicate waits for the first request;
//	                   default 5s, 0s for not at all
//	timeout=30s        how long the handler may run; default 30s, or 10s for a
//	                   transactional one
//	lease=30s          how long a reservation holds without renewal; default 30s;
//	                   not for a transactional handler
//	recover=hold       after a crash with unknown outcome: answer 409 (hold, the
//	                   default) or run the handler again (rerun)
//	max-body=1MiB      bytes of a request body; default 1MiB
//
// # Directives of events and packages
//
// A struct with the directive
//
//	//cnerium:event order.created
//
// in its comment is an event of that type. It gets a function that emits it, and
// one that emits it to a room: EmitOrderCreated and EmitOrderCreatedTo for a
// struct OrderCreated.
//
// The directive
//
//	//cnerium:package openapi=FILE client=DIR ts=DIR
//
// in a package asks for a document and clients of that package, once and for
// all: each of the three may be left out. Its paths are relative to the folder
// of the package, those of the flags to that of the run, and all of them lie
// below the module or its workspace. A package has one such directive, in the
// comment of its package clause or another one that stands for itself.
//
// When the packages of an OpenAPI document have events, an AsyncAPI document
// lies beside it: asyncapi.yaml beside openapi.yaml, and api.asyncapi.json beside
// api.json.
//
// # Handlers
//
// A handler is a function or a method with a value or pointer receiver. Its
// first parameter is a context.Context; then come, in any order and at most
// one of each,
//
//   - *cnerium.Request,
//   - a transaction of the store: a sqlitestore.Tx or a pgstore.Tx,
//   - one input: a struct or a pointer to one,
//
// and any number of scalars that are named as a wildcard of the pattern, such
// as id string. It returns error, (T, error) or (*cnerium.Response, error).
//
// A handler with a transaction is transactional: it runs inside the transaction
// that stores its response, and what it writes there is stored with it or not
// at all. A crash leaves nothing of it behind. All others are plain: the key is
// reserved before they run, and a crash leaves an unknown outcome.
//
// Fields of the input are bound by their tags: path:"id", query:"dry_run",
// header:"X-Source"; all other fields are the JSON body. If the input has a
// method Validate() error, it is called: a *cnerium.Error answers as itself,
// and any other error answers 422.
//
//	// Create places an order.
//	//
//	//cnerium:durable POST /orders orders.create status=201
//	func (s *Service) Create(ctx context.Context, tx sqlitestore.Tx, in CreateOrder) (*Order, error)
//
// # What is generated
//
// Each cnerium_gen.go declares
//
//   - a constant for each operation: Op and the handler's name, such as
//     OpCreate,
//   - the function RegisterRoutes, if there are routes. Its parameters are the
//     *cnerium.App and one value for each receiver type, in the order of the
//     source,
//   - the functions that emit events.
//
// The file need not exist, nor compile, for the command to run.
//
// # Diagnostics and exit codes
//
// What is wrong with the input goes to standard error, all of it at once, as
// go vet prints it, with a category and often with a hint:
//
//	orders/orders.go:41:24: path has {id}, but Cancel has no parameter or field for it [path-param]
//		add "id string" after ctx, or a field with the tag path:"id"
//
// A package with diagnostics keeps the file it has; the others are written.
//
// What generate, check and breaking find can be had in other formats. Those go
// to standard output, with the files that check finds wanting among the
// findings, under the category stale:
//
//	-format json    one object with the members findings (category, level, file,
//	                line, column, message, hint) and files (file, status)
//	-format github  workflow commands, by which GitHub annotates files
//	-format sarif   a SARIF 2.1.0 log, for code scanning
//
// Paths in the last two are relative to the root of the git repository.
//
// The exit code is 0 when everything is done or up to date, 1 when there are
// diagnostics, files that check found wanting, breaking changes, or a failure,
// and 2 when the command was called in a wrong way.
package main
