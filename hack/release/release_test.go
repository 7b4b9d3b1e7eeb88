package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// small returns a release of a program that compiles in a second, without what needs the
// rest of the project: chart and manifests.
func small(t *testing.T, dir string) *release {
	t.Helper()
	p := programs()[0]
	return &release{
		version: "v0.1.0", image: "registry.example.com/deepscaler", source: "../..", out: filepath.Join(dir, "v0.1.0"),
		programs: []program{p}, revision: "0123abc", time: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		build: func(ctx context.Context, _ program, on platform, file string) error {
			cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=v0.1.0", "-o", file, "./testdata/program")
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+on.os, "GOARCH="+on.arch)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("go build: %s", out)
			}
			return err
		},
	}
}

// publish writes into the release's directory and verifies it.
func publish(t *testing.T, r *release) {
	t.Helper()
	for _, step := range []func(context.Context) error{r.clean, r.images, r.plugin, r.materials, r.checksums} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := verify(t.Context(), r, false); err != nil {
		t.Fatal(err)
	}
}

func TestTheSameCommitMakesTheSameBytes(t *testing.T) {
	one, other := small(t, t.TempDir()), small(t, t.TempDir())
	publish(t, one)
	publish(t, other)
	first, err := os.ReadFile(filepath.Join(one.out, sums))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(other.out, sums))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first), string(second)); diff != "" {
		t.Error(diff)
	}
	var files []string
	for line := range strings.Lines(string(first)) {
		files = append(files, strings.Fields(line)[1])
	}
	want := []string{"deepscaler-image.tar", "deepscaler.cdx.json", "krew/deepscaler.yaml", "kubectl-deepscaler_darwin_amd64.tar.gz", "kubectl-deepscaler_darwin_arm64.tar.gz",
		"kubectl-deepscaler_linux_amd64.tar.gz", "kubectl-deepscaler_linux_arm64.tar.gz", "kubectl-deepscaler_windows_amd64.tar.gz"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", sums)
	check.Dir = one.out
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

// What is wrong is found before anything is published.
func TestVerifyFindsWhatIsWrong(t *testing.T) {
	r := small(t, t.TempDir())
	publish(t, r)
	original := *r
	for _, tt := range []struct {
		name, want string
		spoil      func(t *testing.T, r *release)
	}{
		{"another version", "want version v0.2.0", func(_ *testing.T, r *release) { r.version = "v0.2.0" }},
		{"an archive changed", "want", func(t *testing.T, r *release) {
			replace(t, filepath.Join(r.out, "kubectl-deepscaler_linux_arm64.tar.gz"), "\x1f\x8b", "\x1f\x8c")
		}},
		{"an image changed", "deepscaler-image.tar", func(t *testing.T, r *release) {
			replace(t, filepath.Join(r.out, "deepscaler-image.tar"), "65532:65532", "00000:00000")
		}},
		{"a file more", "is not that of the files", func(t *testing.T, r *release) {
			if err := os.WriteFile(filepath.Join(r.out, "extra"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"a version that krew refuses", "validate-krew-manifest", func(t *testing.T, r *release) {
			replace(t, filepath.Join(r.out, krewFile), "version: v0.1.0", "version: 0.1.0")
		}},
		{"no bill of materials", "deepscaler.cdx.json", func(t *testing.T, r *release) {
			if err := os.Remove(filepath.Join(r.out, "deepscaler.cdx.json")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spoiled := original
			spoiled.out = filepath.Join(t.TempDir(), "v0.1.0")
			if err := os.CopyFS(spoiled.out, os.DirFS(original.out)); err != nil {
				t.Fatal(err)
			}
			if err := verify(t.Context(), &spoiled, false); err != nil {
				t.Fatalf("the copy is wrong already: %v", err)
			}
			tt.spoil(t, &spoiled)
			if err := verify(t.Context(), &spoiled, false); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func replace(t *testing.T, file, before, after string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(content, []byte(before)) {
		t.Fatalf("%s lacks %q", file, before)
	}
	if err := os.WriteFile(file, bytes.Replace(content, []byte(before), []byte(after), 1), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A program for another processor is found in its image.
func TestVerifyLooksIntoImages(t *testing.T) {
	r := small(t, t.TempDir())
	compile := r.build
	r.build = func(ctx context.Context, p program, on platform, file string) error {
		on.arch = "amd64"
		return compile(ctx, p, on, file)
	}
	if err := r.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.images(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := verify(t.Context(), r, true); err == nil || !strings.Contains(err.Error(), "linux/arm64: the program is for EM_X86_64, want EM_AARCH64") {
		t.Errorf("got %v, want a complaint about the processor", err)
	}
}

func TestPushWritesAllPlatforms(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	r := small(t, t.TempDir())
	r.image = strings.TrimPrefix(server.URL, "http://") + "/deepscaler"
	for _, step := range []func(context.Context) error{r.clean, r.images, r.push} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	reference, err := name.ParseReference(r.image + ":v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(reference, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 2 {
		t.Errorf("the registry has %v (%v), want 2 platforms", manifest, err)
	}
}

func TestBadArguments(t *testing.T) {
	for want, args := range map[string][]string{
		`the version is "", want one such as v0.1.0`:       {"--image", "x"},
		`the version is "0.1.0", want one such as v0.1.0`:  {"--image", "x", "--version", "0.1.0"},
		`the version is "v0.1", want one such as v0.1.0`:   {"--image", "x", "--version", "v0.1"},
		"the repository of the image is missing: IMAGE=":   {"--version", "v0.1.0"},
		"find the commit (a release is made in a checkout": {"--version", "v0.1.0", "--image", "x", "--source", t.TempDir()},
		"flag provided but not defined: -versoin":          {"--versoin", "v0.1.0"},
	} {
		if err := run(t.Context(), append(args, "--out", filepath.Join(t.TempDir(), "out"))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}

func TestChangesAreNotReleased(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "first"}} {
		if _, err := output(t.Context(), dir, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "draft"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"--version", "v0.1.0", "--image", "x", "--source", dir, "--out", filepath.Join(dir, "out")})
	if err == nil || !strings.Contains(err.Error(), "commit or remove these first:\n?? draft") {
		t.Errorf("got %v, want the name of the file", err)
	}
}

// An archive cannot write outside of its directory.
func TestUnpackStaysInside(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"../outside", "/outside", "a/../../outside"} {
		var archive bytes.Buffer
		if err := writeTar(&archive, time.Time{}, nil, entry{name: name, mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if err := unpack(&archive, filepath.Join(dir)); err == nil {
			t.Errorf("%s was unpacked", name)
		}
	}
}

func TestCertificatesAreThere(t *testing.T) {
	if n := bytes.Count(certificateBundle(), []byte("BEGIN CERTIFICATE")); n < 100 {
		t.Errorf("%d authorities, want those of Mozilla", n)
	}
}
