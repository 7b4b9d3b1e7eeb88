// Package gobuild compiles programs of pinned Go modules into a cache directory.
package gobuild

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// Module is a directory whose go.mod and go.sum pin programs of other modules. It
// holds no Go code of its own.
type Module struct {
	// Dir is the module's directory.
	Dir string
	// Path is the module whose version names the programs, unless a program says otherwise.
	Path string
	// Tags are the build tags.
	Tags []string
	// LDFlags returns linker flags for a version such as v1.37.2; nil means none.
	LDFlags func(version string) string
	// Programs that the module pins.
	Programs []Program
	// Duration is about how long all of them take on two cores with empty caches.
	Duration time.Duration
}

// Program is one main package.
type Program struct {
	// Name of the program in the cache.
	Name string
	// Package is the import path of its main package.
	Package string
	// Path is the module that holds the package; empty means the Path of the [Module].
	Path string
}

// target is a program with the place it has in the cache.
type target struct {
	Program
	version, file string
}

// recipe has the inputs of a module's build.
type recipe struct {
	module  Module
	version string
	ldflags string
	targets []target
}

// plan reads the pinned versions and computes the place of each wanted program. Its name
// ends in a hash of everything that is pinned, so a raised dependency or a changed flag
// never returns an older program.
func plan(m Module, cacheDir string, wanted func(name string) bool) (recipe, error) {
	goMod, err := os.ReadFile(filepath.Join(m.Dir, "go.mod"))
	if err != nil {
		return recipe{}, fmt.Errorf("read the pinned versions: %w", err)
	}
	goSum, err := os.ReadFile(filepath.Join(m.Dir, "go.sum"))
	if err != nil {
		return recipe{}, fmt.Errorf("read the pinned checksums: %w", err)
	}
	r := recipe{module: m}
	if r.version, err = requiredVersion(goMod, m.Path); err != nil {
		return recipe{}, fmt.Errorf("%s: %w", m.Dir, err)
	}
	r.ldflags = "-s -w"
	if m.LDFlags != nil {
		r.ldflags += " " + m.LDFlags(r.version)
	}
	hash := sha256.New()
	for _, part := range []string{string(goMod), string(goSum), r.ldflags, strings.Join(m.Tags, ",")} {
		fmt.Fprintf(hash, "%d\n%s", len(part), part)
	}
	pins := hex.EncodeToString(hash.Sum(nil))[:8]
	for _, p := range m.Programs {
		if !wanted(p.Name) {
			continue
		}
		version := r.version
		if p.Path != "" {
			if version, err = requiredVersion(goMod, p.Path); err != nil {
				return recipe{}, fmt.Errorf("%s: %w", m.Dir, err)
			}
		}
		name := strings.Join([]string{p.Name, version, runtime.GOOS, runtime.GOARCH, pins}, "-")
		r.targets = append(r.targets, target{Program: p, version: version, file: filepath.Join(cacheDir, name)})
	}
	return r, nil
}

// missing returns the targets that are not in the cache.
func (r recipe) missing() []target {
	var missing []target
	for _, t := range r.targets {
		if info, err := os.Stat(t.file); err != nil || !info.Mode().IsRegular() {
			missing = append(missing, t)
		}
	}
	return missing
}

func requiredVersion(goMod []byte, path string) (string, error) {
	line := regexp.MustCompile(`(?m)^(?:require)?\s+` + regexp.QuoteMeta(path) + `\s+(v\S+)`)
	match := line.FindSubmatch(goMod)
	if match == nil {
		return "", fmt.Errorf("go.mod requires no version of %s", path)
	}
	return string(match[1]), nil
}
