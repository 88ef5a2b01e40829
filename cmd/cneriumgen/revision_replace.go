package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// keepReplacements makes the replacements of modules that lead out of the
// repository, such as ../lib, lead to the same folders from its copy. What is in
// them is as it is now: the revision does not have it. A vendor folder has all
// that is needed, and has to agree with go.mod.
func (m mover) keepReplacements(ctx context.Context, dir string) error {
	listed, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil //nolint:nilerr // who lists the packages is told the same
	}
	for _, root := range nonEmptyLines(listed) {
		if _, err := os.Stat(filepath.Join(root, "vendor", "modules.txt")); err == nil {
			continue
		}
		flags, err := m.outside(ctx, root)
		if err != nil {
			return err
		}
		if len(flags) == 0 {
			continue
		}
		if _, err := goCommand(ctx, root, append([]string{"mod", "edit"}, flags...)...); err != nil {
			return fmt.Errorf("keep the replacements of %s: %w", filepath.Join(root, "go.mod"), err)
		}
	}
	return nil
}

// outside returns flags of go mod edit, for the relative replacements of a
// module in the copy that lead out of it.
func (m mover) outside(ctx context.Context, root string) ([]string, error) {
	text, err := goCommand(ctx, root, "mod", "edit", "-json")
	if err != nil {
		return nil, fmt.Errorf("read the go.mod of %s: %w", root, err)
	}
	var module struct {
		Replace []struct {
			Old, New struct{ Path, Version string }
		}
	}
	if err := json.Unmarshal([]byte(text), &module); err != nil {
		return nil, fmt.Errorf("read the go.mod of %s: %w", root, err)
	}
	var flags []string
	for _, r := range module.Replace {
		dir := filepath.FromSlash(r.New.Path)
		if r.New.Version != "" || filepath.IsAbs(dir) {
			continue
		}
		rel, err := filepath.Rel(m.to, filepath.Join(root, dir))
		if err != nil || filepath.IsLocal(rel) {
			continue
		}
		old := r.Old.Path
		if r.Old.Version != "" {
			old += "@" + r.Old.Version
		}
		flags = append(flags, "-replace="+old+"="+filepath.Join(m.from, rel))
	}
	return flags, nil
}
