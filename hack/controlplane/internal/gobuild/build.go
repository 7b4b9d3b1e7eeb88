package gobuild

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// Build returns the file of each wanted program by name, compiling those that are
// missing from cacheDir. The go command must be on the PATH when something is missing.
func Build(ctx context.Context, modules []Module, cacheDir string, wanted func(name string) bool, progress io.Writer) (map[string]string, error) {
	files := map[string]string{}
	var incomplete []recipe
	for _, m := range modules {
		r, err := plan(m, cacheDir, wanted)
		if err != nil {
			return nil, err
		}
		for _, t := range r.targets {
			files[t.Name] = t.file
		}
		if len(r.missing()) > 0 {
			incomplete = append(incomplete, r)
		}
	}
	if len(incomplete) == 0 {
		return files, nil
	}
	announce(progress, incomplete, cacheDir)
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return nil, fmt.Errorf("make the program cache: %w", err)
	}
	unlock, err := lock(ctx, cacheDir, progress)
	if err != nil {
		return nil, err
	}
	for _, r := range incomplete {
		if err := r.build(ctx, cacheDir, progress); err != nil {
			return nil, errors.Join(err, unlock())
		}
	}
	return files, unlock()
}

// announce reports the build before it begins.
func announce(progress io.Writer, incomplete []recipe, cacheDir string) {
	programs, duration := 0, time.Duration(0)
	for _, r := range incomplete {
		programs += len(r.missing())
		duration += r.module.Duration
	}
	fmt.Fprintf(progress, "building %d programs from source: about %.0f minutes on two cores, once; they are kept in %s\n",
		programs, max(1, duration.Minutes()), cacheDir)
}

// build compiles the missing programs of one module with a single go command, which
// compiles shared packages once and links side by side. The caller holds the lock.
func (r recipe) build(ctx context.Context, cacheDir string, progress io.Writer) (err error) {
	missing := r.missing() // another build may have added them during the wait
	if len(missing) == 0 {
		return nil
	}
	workDir, err := makeWorkDir(cacheDir)
	if err != nil {
		return err
	}
	guard, err := process.NewGuard(workDir)
	if err != nil {
		return errors.Join(err, os.RemoveAll(workDir))
	}
	defer func() { err = errors.Join(err, guard.Close()) }()

	var names, packages []string
	for _, t := range missing {
		names = append(names, t.Name+" "+t.version)
		packages = append(packages, t.Package)
	}
	what := strings.Join(names, ", ")
	start := time.Now()
	fmt.Fprintf(progress, "building %s\n", what)
	if err := r.compile(ctx, guard, workDir, packages, what, progress, start); err != nil {
		return fmt.Errorf("build %s: %w", what, err)
	}
	for _, t := range missing {
		if err := install(filepath.Join(workDir, executable(t.Package)), t.file); err != nil {
			return err
		}
	}
	fmt.Fprintf(progress, "built %s in %v\n", what, time.Since(start).Round(time.Second))
	return nil
}

// makeWorkDir makes a directory to build in, and removes those of builds that were killed
// together with their guard.
func makeWorkDir(cacheDir string) (string, error) {
	stale, err := filepath.Glob(filepath.Join(cacheDir, "building-*"))
	if err != nil {
		return "", fmt.Errorf("look for broken builds: %w", err)
	}
	for _, dir := range stale {
		if err := os.RemoveAll(dir); err != nil {
			return "", fmt.Errorf("remove a broken build: %w", err)
		}
	}
	dir, err := os.MkdirTemp(cacheDir, "building-")
	if err != nil {
		return "", fmt.Errorf("make a directory to build in: %w", err)
	}
	return dir, nil
}

func (r recipe) compile(ctx context.Context, guard *process.Guard, workDir string, packages []string, what string, progress io.Writer, start time.Time) error {
	var out output
	done := make(chan struct{})
	var reporter sync.WaitGroup
	reporter.Go(func() { out.report(progress, what, start, progressPeriod, done) })
	err := r.goCommand(ctx, guard, &out.total, &out, "list", append([]string{"-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}"}, packages...))
	if err == nil {
		err = r.goCommand(ctx, guard, &out, &out, "build", append([]string{"-v", "-o", workDir + string(filepath.Separator)}, packages...))
	}
	close(done)
	reporter.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out.errors())
	}
	return nil
}

// goCommand runs go list or go build with the flags that determine the output.
func (r recipe) goCommand(ctx context.Context, guard *process.Guard, stdout, stderr io.Writer, verb string, args []string) error {
	flags := []string{verb, "-trimpath", "-buildvcs=false", "-ldflags", r.ldflags}
	if len(r.module.Tags) > 0 {
		flags = append(flags, "-tags", strings.Join(r.module.Tags, ","))
	}
	cmd := exec.CommandContext(ctx, "go", append(flags, args...)...)
	cmd.Dir = r.module.Dir
	// The user's own build settings do not apply, and no C compiler is needed. An
	// empty GOFLAGS would admit the one of `go env -w`.
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GO111MODULE=on", "GOWORK=off",
		"CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = guard.Attr()
	// The guard kills the compilers, which would otherwise hold the output open.
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s in %s: %w", verb, r.module.Dir, err)
	}
	return nil
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// executable returns go build's name for a main package: the last element of its
// import path that is not a version.
func executable(pkg string) string {
	dir, name := path.Split(pkg)
	if majorVersion.MatchString(name) {
		return path.Base(dir)
	}
	return name
}

// install moves a program into the cache once it is safely on disk, because
// cached programs are not checked again.
func install(from, to string) error {
	file, err := os.Open(from)
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err == nil {
		err = os.Rename(from, to)
	}
	if err != nil {
		return fmt.Errorf("install a program: %w", err)
	}
	return nil
}
