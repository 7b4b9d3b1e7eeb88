// Command release makes what a release publishes. That is images for two processors without a
// container daemon, archives and a krew manifest of the kubectl plugin, the Helm chart, the
// rendered manifests, bills of materials and checksums. Nothing leaves the machine, except for
// the images with --push. The same commit makes the same bytes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/semver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var r release
	var push, imagesOnly bool
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.StringVar(&r.version, "version", "", "version, such as v0.1.0")
	flags.StringVar(&r.image, "image", "", "repository of the adapter's image; that of the scheduler has the suffix -scheduler")
	flags.StringVar(&r.source, "source", ".", "top of the checkout")
	flags.StringVar(&r.out, "out", "", "directory to write to, which is emptied first")
	flags.BoolVar(&imagesOnly, "images", false, "make only the images")
	flags.BoolVar(&push, "push", false, "push the images, with the credentials of docker or podman login")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := r.complete(ctx, imagesOnly); err != nil {
		return err
	}
	steps := []func(context.Context) error{r.clean, r.images}
	if !imagesOnly {
		steps = append(steps, r.plugin, r.manifests, r.chart, r.materials, r.checksums)
	}
	steps = append(steps, func(ctx context.Context) error { return verify(ctx, &r, imagesOnly) })
	if push {
		steps = append(steps, r.push)
	}
	defer os.RemoveAll(r.work())
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// release is what is being made.
type release struct {
	// version begins with v, such as v0.1.0.
	version string
	// image is the repository of the adapter's image.
	image string
	// source is the top of the checkout, and out the directory of the results.
	source, out string
	// programs are compiled by build, which writes one for a platform to a file.
	programs []program
	build    func(ctx context.Context, p program, on platform, file string) error
	// revision and time are those of the commit. The time stands for every file.
	revision string
	time     time.Time
}

// complete checks what is given and sets the rest.
func (r *release) complete(ctx context.Context, imagesOnly bool) error {
	if !imagesOnly && (!semver.IsValid(r.version) || semver.Canonical(r.version) != r.version) {
		return fmt.Errorf("the version is %q, want one such as v0.1.0 or v0.1.0-rc.1: make release VERSION=v0.1.0", r.version)
	}
	if r.image == "" {
		return errors.New("the repository of the image is missing: IMAGE=registry.example.com/deepscaler")
	}
	for _, path := range []*string{&r.source, &r.out} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	r.programs, r.build = programs(), r.make
	commit, err := output(ctx, r.source, "git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return fmt.Errorf("find the commit (a release is made in a checkout with git): %w", err)
	}
	changed, err := output(ctx, r.source, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" && !imagesOnly {
		return fmt.Errorf("a release is made of a commit: commit or remove these first:\n%s", changed)
	}
	revision, seconds, _ := strings.Cut(strings.TrimSpace(commit), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("time of the commit: %w", err)
	}
	r.revision, r.time = revision, time.Unix(unix, 0).UTC()
	return nil
}

// clean leaves empty directories, so that nothing of an earlier run is published.
func (r *release) clean(context.Context) error {
	for _, dir := range []string{r.out, r.work()} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove what an earlier run made: %w", err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// done reports a finished file.
func (r *release) done(file string) {
	fmt.Println(filepath.Join(filepath.Base(r.out), file))
}
