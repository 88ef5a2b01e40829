// Package goclient writes a Go client for a contract: a package with a method
// for each operation and with types of its own, so that whoever calls the
// operations does not link the server. All that is more than building a request
// is in package client of the runtime.
package goclient

import (
	"fmt"
	"go/format"
	"go/token"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// FileName is the name of the file that a client consists of.
const FileName = "client_gen.go"

// Files returns the files of a client package with the given name, by their
// paths inside of its folder. It is a pure function of its arguments, and safe
// for concurrent use; the contract is only read. It fails when the name is not
// one that a package can have.
func Files(c *contract.Contract, packageName string) (map[string][]byte, error) {
	if !token.IsIdentifier(packageName) || packageName == "_" || packageName == "main" {
		return nil, fmt.Errorf("%q cannot be the name of a client's package: choose a folder with another name, such as ordersclient", packageName)
	}
	e := newEmitter(c)
	e.file(packageName)
	code, err := format.Source([]byte(e.text()))
	if err != nil {
		return nil, fmt.Errorf("format %s: %w", FileName, err)
	}
	return map[string][]byte{FileName: code}, nil
}
