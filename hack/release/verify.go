package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	krew "sigs.k8s.io/krew/pkg/index"
	"sigs.k8s.io/yaml"
)

// verify looks at the results as those who use them do, before anything is published.
func verify(ctx context.Context, r *release, imagesOnly bool) error {
	for _, p := range r.programs {
		if err := r.verifyImage(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", imageFile(p), err)
		}
	}
	if imagesOnly {
		return nil
	}
	for _, p := range r.programs {
		if err := r.verifyMaterials(p); err != nil {
			return fmt.Errorf("%s: %w", materialsFile(p), err)
		}
	}
	if err := r.verifyPlugin(ctx); err != nil {
		return fmt.Errorf("%s: %w", krewFile, err)
	}
	written, err := os.ReadFile(filepath.Join(r.out, sums))
	if err != nil {
		return err
	}
	now, err := r.checksumsOf()
	if err != nil {
		return err
	}
	if string(written) != now {
		return fmt.Errorf("%s is not that of the files: it has\n%sand they have\n%s", sums, written, now)
	}
	return nil
}

// verifyImage checks digests and each platform's image, and runs that of this machine.
func (r *release) verifyImage(ctx context.Context, p program) error {
	dir, index, err := readLayout(filepath.Join(r.out, imageFile(p)))
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := validate.Index(index); err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	var platforms []platform
	for _, m := range manifest.Manifests {
		on := platform{m.Platform.OS, m.Platform.Architecture}
		platforms = append(platforms, on)
		image, err := index.Image(m.Digest)
		if err != nil {
			return err
		}
		if err := r.verifyPlatform(ctx, p, on, image); err != nil {
			return fmt.Errorf("%s: %w", on, err)
		}
	}
	if want := imagePlatforms(); !slices.Equal(platforms, want) {
		return fmt.Errorf("has the platforms %v, want %v", platforms, want)
	}
	return nil
}

func (r *release) verifyPlatform(ctx context.Context, p program, on platform, image v1.Image) error {
	file, err := image.ConfigFile()
	if err != nil {
		return err
	}
	switch c := file.Config; {
	case file.OS != on.os || file.Architecture != on.arch:
		return fmt.Errorf("its configuration is for %s/%s", file.OS, file.Architecture)
	case c.User != nonroot:
		return fmt.Errorf("it runs as user %q, want %s", c.User, nonroot)
	case !slices.Equal(c.Entrypoint, []string{"/" + p.name}):
		return fmt.Errorf("its entrypoint is %q, want /%s", c.Entrypoint, p.name)
	case c.Labels["org.opencontainers.image.version"] != r.version || c.Labels["org.opencontainers.image.revision"] != r.revision:
		return fmt.Errorf("its labels are %v, want version %s and revision %s", c.Labels, r.version, r.revision)
	}
	root, err := os.MkdirTemp("", "deepscaler-root-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	content := mutate.Extract(image)
	defer content.Close()
	if err := unpack(content, root); err != nil {
		return err
	}
	entries, err := readDir(root)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.name)
	}
	if want := []string{p.name, authorities}; !slices.Equal(names, want) {
		return fmt.Errorf("it has the files %q, want %q", names, want)
	}
	if err := verifyExecutable(entries[0].content, on); err != nil {
		return err
	}
	if on.os != runtime.GOOS || on.arch != runtime.GOARCH {
		return nil
	}
	return r.verifyRuns(ctx, p, root)
}

// verifyExecutable checks that a program is for a processor, and static, since there are no libraries.
func verifyExecutable(content []byte, on platform) error {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return err
	}
	defer file.Close()
	if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[on.arch]; file.Machine != want {
		return fmt.Errorf("the program is for %s, want %s", file.Machine, want)
	}
	if slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return errors.New("the program needs libraries, want a static one")
	}
	return nil
}

// verifyRuns starts the program from the image's files, without anything of this
// machine's environment.
func (r *release) verifyRuns(ctx context.Context, p program, root string) error {
	for flag, want := range map[string]string{"--version": r.runsAs(p), "--help": "Usage:"} {
		cmd := exec.CommandContext(ctx, filepath.Join(root, p.name), flag)
		cmd.Dir, cmd.Env = root, []string{}
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %s: %w: %s", p.name, flag, err, out)
		}
		if !strings.Contains(string(out), want) {
			return fmt.Errorf("%s %s prints %q, want %q in it", p.name, flag, out, want)
		}
	}
	return nil
}

// runsAs is what a program's version has in it. The scheduler's is that of Kubernetes, which
// clients compare with.
func (r *release) runsAs(p program) string {
	if p.target == "build-scheduler" {
		return "-deepscaler"
	}
	return r.version
}

func (r *release) verifyMaterials(p program) error {
	content, err := os.ReadFile(filepath.Join(r.out, materialsFile(p)))
	if err != nil {
		return err
	}
	var bill cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(content), cyclonedx.BOMFileFormatJSON).Decode(&bill); err != nil {
		return err
	}
	if bill.Metadata.Component.Version != r.version {
		return fmt.Errorf("it is that of version %q, want %s", bill.Metadata.Component.Version, r.version)
	}
	if !slices.ContainsFunc(*bill.Components, func(c cyclonedx.Component) bool { return c.Name == "std" }) {
		return errors.New("it lacks the standard library")
	}
	return nil
}

// verifyPlugin has the validator of krew's index check the manifest, and looks for what it
// promises in each archive.
func (r *release) verifyPlugin(ctx context.Context) error {
	file := filepath.Join(r.out, krewFile)
	if _, err := output(ctx, filepath.Join(r.source, "hack/release"), "go", "tool", "validate-krew-manifest", "-manifest", file, "-skip-install"); err != nil {
		return err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var manifest krew.Plugin
	if err := yaml.UnmarshalStrict(content, &manifest); err != nil {
		return err
	}
	if len(manifest.Spec.Platforms) != len(pluginPlatforms()) {
		return fmt.Errorf("it has %d platforms, want %d", len(manifest.Spec.Platforms), len(pluginPlatforms()))
	}
	for _, p := range manifest.Spec.Platforms {
		file := filepath.Join(r.out, path.Base(p.URI))
		sum, err := checksum(file)
		if err != nil {
			return err
		}
		if sum != p.Sha256 {
			return fmt.Errorf("%s has the checksum %s, want %s", p.URI, sum, p.Sha256)
		}
		dir, err := os.MkdirTemp("", "deepscaler-plugin-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := unpackGzip(file, dir); err != nil {
			return err
		}
		for _, name := range []string{"LICENSE", p.Bin} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return fmt.Errorf("%s: %w", p.URI, err)
			}
		}
	}
	return nil
}

func unpackGzip(file, dir string) error {
	archive, err := os.Open(file)
	if err != nil {
		return err
	}
	defer archive.Close()
	decompressor, err := gzip.NewReader(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return unpack(decompressor, dir)
}

// unpack writes the files and folders of an archive below dir, and nothing elsewhere.
func unpack(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(path.Clean(header.Name), 0o755)
		case tar.TypeReg:
			err = unpackFile(root, header, archive)
		default:
			err = fmt.Errorf("%s is neither a file nor a folder", header.Name)
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
	}
}

func unpackFile(root *os.Root, header *tar.Header, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(header.Name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(header.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, header.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
