package controlplane

import (
	"context"
	"errors"
	"io"
)

// Binaries maps each component that was asked for to the absolute path of its program.
type Binaries map[Component]string

// BuildOptions says what [Build] builds and where it keeps the result. The zero
// value builds every component into the user's cache directory, in silence.
type BuildOptions struct {
	// Components to build; empty means all of them.
	Components []Component
	// CacheDir holds the programs; empty means deepscaler/controlplane under
	// [os.UserCacheDir].
	CacheDir string
	// Progress receives one line at least every few seconds while something is
	// being built, and nothing when all programs are cached; nil discards them.
	Progress io.Writer
}

// Build returns the paths of the programs, compiling those that are not in the
// cache. A cold build of everything takes about 11 minutes on two cores and needs
// the Go module proxy; with a warm cache it takes well under a second and needs no network.
//
// Two builds at once, in one process or in several, wait for each other. A build
// that fails or is cancelled leaves no program behind, and its error ends with the
// last lines of the compiler's output.
func Build(ctx context.Context, opts BuildOptions) (Binaries, error) {
	return nil, errors.New("controlplane: not built yet")
}
