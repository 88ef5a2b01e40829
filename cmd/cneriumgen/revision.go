package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cnerium/cnerium-go/generator"
)

// revision returns the lock of a git revision: its files are written into a
// temporary folder, and the generator lists the routes there. Neither the work
// tree nor the index of the repository is touched.
func (c *command) revision(ctx context.Context) (lock *generator.Lock, err error) {
	top, err := git(ctx, c.dir(), nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("-against %s: it is no file, and for a revision: %w", c.against, err)
	}
	commit, err := git(ctx, c.dir(), nil, "rev-parse", "--verify", "--quiet", "--end-of-options", c.against+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("-against %s: it is neither a file nor a revision of this repository; of a shallow clone, fetch the revision first", c.against)
	}
	temp, err := os.MkdirTemp("", "cneriumgen-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	// The go command prints paths without symbolic links.
	if temp, err = filepath.EvalSymlinks(temp); err != nil {
		return nil, err
	}
	tree := filepath.Join(temp, "tree")
	if err := checkOut(ctx, top, commit, temp, tree); err != nil {
		return nil, fmt.Errorf("write the files of %s: %w", c.against, err)
	}
	m := mover{from: filepath.FromSlash(top), to: tree}
	opts, err := c.optionsIn(m)
	if err != nil {
		return nil, err
	}
	if work, ok := m.move(os.Getenv("GOWORK")); ok {
		// Only this process and the go command that it runs see it.
		if err := os.Setenv("GOWORK", work); err != nil {
			return nil, err
		}
	}
	if err := m.keepReplacements(ctx, opts.Dir); err != nil {
		return nil, err
	}
	routes, err := listOld(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("routes of %s: %w", c.against, err)
	}
	return generator.NewLock(c.against, c.dir(), routes), nil
}

// git runs git, and returns what it prints.
func git(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir, command.Stdout, command.Stderr = dir, &stdout, &stderr
	if env != nil {
		command.Env = append(os.Environ(), env...)
	}
	if err := command.Run(); err != nil {
		if said := strings.TrimSpace(stderr.String()); said != "" && ctx.Err() == nil {
			err = errors.New(strings.TrimPrefix(said, "fatal: "))
		}
		return "", err
	}
	return strings.TrimSpace(stdout.String()), nil
}

// checkOut writes the files of a commit into the folder tree, by an index of
// its own in temp. An archive would lack what export-ignore leaves out.
func checkOut(ctx context.Context, top, commit, temp, tree string) error {
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(temp, "index")}
	if _, err := git(ctx, top, env, "read-tree", commit); err != nil {
		return err
	}
	_, err := git(ctx, top, env, "checkout-index", "--all", "--prefix="+filepath.ToSlash(tree)+"/")
	return err
}

// mover says where the files of a repository are in a copy of it.
type mover struct{ from, to string }

// move returns the path in the copy of an absolute path in the repository.
func (m mover) move(path string) (string, bool) {
	rel, err := filepath.Rel(m.from, path)
	return filepath.Join(m.to, rel), filepath.IsAbs(path) && err == nil && filepath.IsLocal(rel)
}

// optionsIn returns the options of the command, moved into a copy of the
// repository.
func (c *command) optionsIn(m mover) (generator.Options, error) {
	opts := c.options
	opts.Cache = generator.CacheOff // the folder is never seen again
	dir, err := filepath.EvalSymlinks(c.dir())
	if err != nil {
		return opts, err
	}
	var ok bool
	if opts.Dir, ok = m.move(dir); !ok {
		return opts, fmt.Errorf("%s is outside of the repository %s", dir, m.from)
	}
	opts.Patterns = nil
	for _, pattern := range c.options.Patterns {
		moved := pattern
		if filepath.IsAbs(pattern) {
			if moved, ok = m.move(pattern); !ok {
				return opts, fmt.Errorf("%s is outside of the repository %s", pattern, m.from)
			}
		}
		opts.Patterns = append(opts.Patterns, moved)
	}
	return opts, nil
}

// listOld lists the routes of the copy. A package that there is only now had
// no routes then.
func listOld(ctx context.Context, opts generator.Options) ([]generator.Listed, error) {
	if _, err := os.Stat(opts.Dir); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	routes, err := listSound(ctx, opts)
	if !errors.Is(err, generator.ErrNoPackage) {
		return routes, err
	}
	known := make(map[string]bool)
	for _, pattern := range opts.Patterns {
		opts.Patterns = []string{pattern}
		some, err := listSound(ctx, opts)
		if err != nil && !errors.Is(err, generator.ErrNoPackage) {
			return nil, err
		}
		for _, r := range some {
			if !known[r.Operation] {
				known[r.Operation] = true
				routes = append(routes, r)
			}
		}
	}
	return routes, nil
}

// listSound lists routes, and fails when there are diagnostics: the routes of
// their packages are not known, so nothing could be said of them.
func listSound(ctx context.Context, opts generator.Options) ([]generator.Listed, error) {
	routes, diagnostics, err := generator.List(ctx, opts)
	if err != nil {
		return nil, err
	}
	if len(diagnostics) > 0 {
		return nil, fmt.Errorf("its source has faults, so they are not known; compare with what list -json printed then, instead: %s",
			diagnostics[0].Format(opts.Dir))
	}
	return routes, nil
}
