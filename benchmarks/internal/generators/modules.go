package generators

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const sharedFile = `// Package shared has the types of all domains.
package shared

import "time"

// ID names a thing.
type ID string

// Address is where somebody lives.
type Address struct {
	Street string
	City   string
	Since  time.Time
}
`

const goMod = "module example.com/synthetic\n\ngo 1.26.0\n"

// wireMod is that of the injectors, which import wire; go.sum is made when the
// tool is installed.
const wireMod = goMod + "\nrequire github.com/google/wire v0.7.0\n"

const mockeryConfig = `all: true
dir: "{{.InterfaceDir}}"
filename: generated.go
pkgname: "{{.SrcPackageName}}"
structname: "Mock{{.InterfaceName}}"
template: matryer
formatter: gofmt
packages:
  example.com/synthetic:
    config:
      recursive: true
`

// writeModules writes what the tools other than cneriumgen and goverter work
// on: as many packages, as many things in each, and plain code beside them.
func writeModules(dir string) error {
	files := map[string]string{
		"mocks/go.mod":       goMod,
		"mocks/.mockery.yml": mockeryConfig,
		"objects/go.mod":     goMod,
		"enums/go.mod":       goMod,
		"wire/go.mod":        wireMod,
	}
	makers := map[string]func(p int) string{"mocks": interfaces, "objects": objects, "enums": enums, "wire": providers}
	for module, types := range makers {
		files[module+"/shared/shared.go"] = sharedFile
		for p := range packages {
			folder := fmt.Sprintf("%s/domain%02d/", module, p)
			files[folder+"types.go"] = types(p)
			files[folder+"logic.go"] = logic(p)
		}
	}
	for p := range packages {
		files[fmt.Sprintf("wire/domain%02d/injectors.go", p)] = injectors(p)
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), text); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path, text string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
}

// editShared gives a type of the shared package a field that it did not have
// in any round before.
func editShared(path string, round int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("edit the shared package: %w", err)
	}
	edited := strings.Replace(string(text), "\tStreet string", fmt.Sprintf("\tFloor%d int\n\tStreet string", round), 1)
	if edited == string(text) {
		return errors.New("edit the shared package: the type is not there")
	}
	return os.WriteFile(path, []byte(edited), 0o644)
}

// each joins what is there for each thing of a package.
func each(p int, imports, format string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package domain%02d\n\nimport (\n%s)\n", p, imports)
	for i := range things {
		b.WriteString(strings.ReplaceAll(format, "NN", fmt.Sprintf("%02d", i)))
	}
	return b.String()
}

func interfaces(p int) string {
	return each(p, "\t\"context\"\n\n\t\"example.com/synthetic/shared\"\n", `
// StoreNN keeps things.
type StoreNN interface {
	Create(ctx context.Context, id shared.ID, home *shared.Address) error
	Find(ctx context.Context, id shared.ID) (*shared.Address, error)
}
`)
}

func objects(p int) string {
	return each(p, "\t\"example.com/synthetic/shared\"\n", `
// ObjectNN is a thing.
// +kubebuilder:object:generate=true
type ObjectNN struct {
	ID     shared.ID
	Names  []string
	Labels map[string]string
	Count  *int
}
`)
}

func enums(p int) string {
	return each(p, "\t\"example.com/synthetic/shared\"\n", `
// KindNN is a kind of things.
type KindNN int

// The kinds.
const (
	FirstNN KindNN = iota
	SecondNN
	ThirdNN
	FourthNN
)

// HomeNN is where the kind lives.
type HomeNN struct {
	Kind KindNN
	Home shared.Address
}
`)
}

func providers(p int) string {
	return each(p, "\t\"example.com/synthetic/shared\"\n", `
// ConfigNN configures a service.
type ConfigNN struct{ Home shared.Address }

// StoreNN keeps things.
type StoreNN struct{ config ConfigNN }

// ServiceNN works.
type ServiceNN struct {
	store *StoreNN
	id    shared.ID
}

// NewStoreNN provides a store.
func NewStoreNN(config ConfigNN) *StoreNN { return &StoreNN{config} }

// NewServiceNN provides a service.
func NewServiceNN(store *StoreNN, id shared.ID) (*ServiceNN, error) { return &ServiceNN{store, id}, nil }
`)
}

func injectors(p int) string {
	return "//go:build wireinject\n\n" + each(p, "\t\"github.com/google/wire\"\n\n\t\"example.com/synthetic/shared\"\n", `
func InitializeNN(config ConfigNN, id shared.ID) (*ServiceNN, error) {
	wire.Build(NewStoreNN, NewServiceNN)
	return nil, nil
}
`)
}

// logic is code that no generator needs to know.
func logic(p int) string {
	return each(p, "\t\"fmt\"\n\t\"sort\"\n\t\"strings\"\n", `
func logicNN(text string, limit int) (string, error) {
	counts := make(map[string]int)
	for _, word := range strings.Fields(text) {
		counts[strings.ToLower(word)]++
	}
	var words []string
	for word, n := range counts {
		if n > limit {
			words = append(words, word)
		}
	}
	sort.Strings(words)
	if len(words) == 0 {
		return "", fmt.Errorf("no word is there more than %d times", limit)
	}
	return strings.Join(words, " "), nil
}
`)
}
