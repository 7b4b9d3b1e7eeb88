package controlplane

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/hack/controlplane/internal/gobuild"
)

// Binaries maps each requested component to the absolute path of its program.
type Binaries map[Component]string

// BuildOptions selects what [Build] builds, and where. The zero value silently
// builds all of [Components] into the user's cache directory.
type BuildOptions struct {
	// Components to build; empty means all of [Components].
	Components []Component
	// CacheDir holds the programs; empty means deepscaler/controlplane under
	// [os.UserCacheDir].
	CacheDir string
	// Progress receives a line every few seconds during a build, and nothing if
	// all programs are cached; nil discards the lines.
	Progress io.Writer
}

// Build returns the paths of the programs, compiling those that are not in the
// cache. A cold build of everything takes about 11 minutes on two cores and needs
// the Go module proxy; with a warm cache it takes well under a second and needs no network.
//
// Concurrent builds, in one process or in several, wait for each other. A build
// that fails or is cancelled leaves no program behind, and its error ends with the
// last lines of the compiler's output.
//
// The versions of the programs are pinned in this project's source tree, which must
// contain the working directory.
func Build(ctx context.Context, opts BuildOptions) (Binaries, error) {
	wanted := opts.Components
	if len(wanted) == 0 {
		wanted = Components()
	}
	for _, component := range wanted {
		if known := slices.Concat(Components(), Optional()); !slices.Contains(known, component) {
			return nil, fmt.Errorf("build the control plane: unknown component %q, want one of %q", component, known)
		}
	}
	cacheDir := opts.CacheDir
	if cacheDir == "" {
		userCache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("build the control plane: %w", err)
		}
		cacheDir = filepath.Join(userCache, "deepscaler", "controlplane")
	}
	cacheDir, err := filepath.Abs(cacheDir)
	if err != nil {
		return nil, fmt.Errorf("build the control plane: %w", err)
	}
	source, err := sourceDir(ctx)
	if err != nil {
		return nil, fmt.Errorf("build the control plane: %w", err)
	}
	files, err := gobuild.Build(ctx, modules(filepath.Join(source, "modules")), cacheDir,
		func(name string) bool { return slices.Contains(wanted, Component(name)) }, orDiscard(opts.Progress))
	if err != nil {
		return nil, fmt.Errorf("build the control plane: %w", err)
	}
	binaries := Binaries{}
	for name, file := range files {
		binaries[Component(name)] = file
	}
	return binaries, nil
}

// sourceDir finds this package's source. A compiled program lacks it, because files of
// nested modules cannot be embedded.
func sourceDir(ctx context.Context) (string, error) {
	const module = "github.com/deepscaler/deepscaler"
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find the source of %s (run this inside its source tree, with Go installed): %w: %s",
			module, err, strings.TrimSpace(stderr.String()))
	}
	return filepath.Join(strings.TrimSpace(string(out)), "hack", "controlplane"), nil
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
