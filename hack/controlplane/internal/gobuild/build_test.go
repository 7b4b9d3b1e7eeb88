package gobuild

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const goMod = `module example.com/pins

go 1.26.0

require (
	example.com/tool v1.2.3 // indirect
	example.com/other v0.4.0
)

replace example.com/tool => ./tool

replace example.com/other => ./other
`

// files is a module that pins two programs, of which the second is in a package that
// ends in a version and prints a variable set by the linker.
func files() map[string]string {
	return map[string]string{
		"go.mod":               goMod,
		"go.sum":               "",
		"tool/go.mod":          "module example.com/tool\n",
		"tool/main.go":         "package main\n\nfunc main() {}\n",
		"other/go.mod":         "module example.com/other\n",
		"other/server/v3/a.go": "package main\n\nvar version string\n\nfunc main() { println(version) }\n",
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func module(dir string) Module {
	return Module{
		Dir:      dir,
		Path:     "example.com/tool",
		LDFlags:  func(version string) string { return "-X main.version=" + version },
		Duration: 3 * time.Minute,
		Programs: []Program{
			{Name: "tool", Package: "example.com/tool"},
			{Name: "other", Package: "example.com/other/server/v3", Path: "example.com/other"},
		},
	}
}

func all(string) bool { return true }

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return names
}

func TestBuildOnceThenFromTheCacheWithoutGo(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=vendor -tags=nonsense")
	t.Setenv("GOOS", "plan9")
	dir, cacheDir := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	write(t, dir, files())
	var progress bytes.Buffer
	built, err := Build(t.Context(), []Module{module(dir)}, cacheDir, all, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(progress.String(), "\n"); !strings.HasPrefix(first, "building 2 programs from source: about 3 minutes on two cores, once") {
		t.Errorf("the first line is %q, want what happens and how long it takes", first)
	}
	for name, version := range map[string]string{"tool": "v1.2.3", "other": "v0.4.0"} {
		if !strings.HasPrefix(filepath.Base(built[name]), name+"-"+version+"-") {
			t.Errorf("%s is cached as %s", name, built[name])
		}
		if !strings.Contains(progress.String(), name+" "+version) {
			t.Errorf("progress does not mention %s %s:\n%s", name, version, &progress)
		}
	}
	out, err := exec.Command(built["other"]).CombinedOutput()
	if err != nil || string(out) != "v1.2.3\n" {
		t.Errorf("the program printed %q (%v), want the linked version", out, err)
	}
	if got := len(entries(t, cacheDir)); got != 3 {
		t.Errorf("the cache holds %v, want two programs and the lock", entries(t, cacheDir))
	}

	t.Setenv("PATH", "")
	progress.Reset()
	again, err := Build(t.Context(), []Module{module(dir)}, cacheDir, all, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(built, again); diff != "" {
		t.Errorf("second build (-first +second):\n%s", diff)
	}
	if progress.Len() > 0 {
		t.Errorf("a cached build reported progress:\n%s", &progress)
	}
}

func TestOnlyWantedProgramsAreBuilt(t *testing.T) {
	dir, cacheDir := t.TempDir(), t.TempDir()
	write(t, dir, files())
	built, err := Build(t.Context(), []Module{module(dir)}, cacheDir, func(name string) bool { return name == "tool" }, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if len(built) != 1 || len(entries(t, cacheDir)) != 2 {
		t.Errorf("built %v, cache holds %v", built, entries(t, cacheDir))
	}
}

func TestAChangedPinIsAnotherProgram(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files())
	file := func(m Module) string {
		t.Helper()
		r, err := plan(m, "", all)
		if err != nil {
			t.Fatal(err)
		}
		return r.targets[0].file
	}
	first := file(module(dir))
	flags := module(dir)
	flags.LDFlags = nil
	tags := module(dir)
	tags.Tags = []string{"small"}
	seen := map[string]bool{first: true, file(flags): true, file(tags): true}
	write(t, dir, map[string]string{"go.sum": "example.com/tool v1.2.3 h1:x\n"})
	seen[file(module(dir))] = true
	if len(seen) != 4 {
		t.Errorf("flags, tags and checksums must each change the name: %v", seen)
	}
}

func TestFailedBuildShowsTheCompilerAndLeavesNothing(t *testing.T) {
	dir, cacheDir := t.TempDir(), t.TempDir()
	write(t, dir, files())
	write(t, dir, map[string]string{"tool/main.go": "package main\n\nfunc main() { missing() }\n"})
	_, err := Build(t.Context(), []Module{module(dir)}, cacheDir, all, new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "undefined: missing") || !strings.Contains(err.Error(), "tool v1.2.3") {
		t.Errorf("got %v, want the compiler's words and the program's name", err)
	}
	if diff := cmp.Diff([]string{"lock"}, entries(t, cacheDir)); diff != "" {
		t.Errorf("cache (-want +got):\n%s", diff)
	}
}

func TestCancelledBuildLeavesNothing(t *testing.T) {
	dir, cacheDir := t.TempDir(), t.TempDir()
	write(t, dir, files())
	ctx, cancel := context.WithCancel(t.Context())
	progress := writerFunc(func(line []byte) (int, error) {
		cancel()
		return len(line), nil
	})
	if _, err := Build(ctx, []Module{module(dir)}, cacheDir, all, progress); err == nil || ctx.Err() == nil {
		t.Errorf("got %v, want a cancelled build", err)
	}
	if diff := cmp.Diff([]string{"lock"}, entries(t, cacheDir)); diff != "" {
		t.Errorf("cache (-want +got):\n%s", diff)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestTwoBuildsAtOnceBuildOnce(t *testing.T) {
	dir, cacheDir := t.TempDir(), t.TempDir()
	write(t, dir, files())
	var progress [2]bytes.Buffer
	var group sync.WaitGroup
	for i := range progress {
		group.Go(func() {
			if _, err := Build(t.Context(), []Module{module(dir)}, cacheDir, all, &progress[i]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	both := progress[0].String() + progress[1].String()
	if got := strings.Count(both, "\nbuilt "); got != 1 {
		t.Errorf("built %d times:\n%s", got, both)
	}
}

func TestUnknownModuleIsNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files())
	m := module(dir)
	m.Path = "example.com/absent"
	_, err := Build(t.Context(), []Module{m}, t.TempDir(), all, new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "example.com/absent") {
		t.Errorf("got %v, want the module's name", err)
	}
}
