package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const (
	// nonroot is the user and the group of the process.
	nonroot = "65532:65532"
	// authorities is where Go looks for them first.
	authorities = "etc/ssl/certs/ca-certificates.crt"
)

// images writes an archive with an OCI layout for each program.
func (r *release) images(ctx context.Context) error {
	for _, p := range r.programs {
		index, err := r.index(ctx, p)
		if err != nil {
			return fmt.Errorf("image of %s: %w", p.name, err)
		}
		file := imageFile(p)
		if err := r.writeLayout(index, r.reference(p), filepath.Join(r.out, file)); err != nil {
			return fmt.Errorf("image of %s: %w", p.name, err)
		}
		r.done(file)
	}
	return nil
}

func imageFile(p program) string { return p.name + "-image.tar" }

// reference is the name of a program's image, with its tag.
func (r *release) reference(p program) string {
	return r.image + p.name[len("deepscaler"):] + ":" + r.version
}

// push writes the images to their registry. They are read from the archives, so what is
// pushed is what was verified.
func (r *release) push(ctx context.Context) error {
	for _, p := range r.programs {
		reference, err := name.ParseReference(r.reference(p))
		if err != nil {
			return fmt.Errorf("push: %w", err)
		}
		dir, index, err := readLayout(filepath.Join(r.out, imageFile(p)))
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := remote.WriteIndex(reference, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return fmt.Errorf("push %s (docker login or podman login makes credentials): %w", reference, err)
		}
		digest, err := index.Digest()
		if err != nil {
			return err
		}
		fmt.Printf("pushed %s@%s\n", reference, digest)
	}
	return nil
}

// index returns the images of a program for all platforms of nodes.
func (r *release) index(ctx context.Context, p program) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, on := range imagePlatforms() {
		image, err := r.imageFor(ctx, p, on)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: on.os, Architecture: on.arch}},
		})
	}
	return mutate.Annotations(index, r.labels(p)).(v1.ImageIndex), nil
}

// imageFor returns an image with nothing but the program and the authorities that verify
// others.
func (r *release) imageFor(ctx context.Context, p program, on platform) (v1.Image, error) {
	binary, err := r.binary(ctx, p, on)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	certificates, err := r.layer([]string{"etc", "etc/ssl", "etc/ssl/certs"}, entry{name: authorities, mode: 0o644, content: certificateBundle()})
	if err != nil {
		return nil, err
	}
	executable, err := r.layer(nil, entry{name: p.name, mode: 0o755, content: content})
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: r.time}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: certificates, History: v1.History{Created: created, CreatedBy: "certificate authorities"}},
		mutate.Addendum{Layer: executable, History: v1.History{Created: created, CreatedBy: p.name + " " + r.version}},
	)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = on.os, on.arch, created
	file.Config = v1.Config{
		User:         nonroot,
		Entrypoint:   []string{"/" + p.name},
		ExposedPorts: map[string]struct{}{p.port: {}},
		Labels:       r.labels(p),
	}
	return mutate.ConfigFile(image, file)
}

// labels are the annotations that OCI names.
func (r *release) labels(p program) map[string]string {
	const image = "org.opencontainers.image."
	return map[string]string{
		image + "title": p.title, image + "description": p.description, image + "version": r.version, image + "revision": r.revision,
		image + "created": r.time.Format("2006-01-02T15:04:05Z"), image + "source": repository, image + "licenses": "Apache-2.0",
	}
}

const repository = "https://github.com/deepscaler/deepscaler"

// layer returns one of OCI's media type.
func (r *release) layer(folders []string, entries ...entry) (v1.Layer, error) {
	var buffer bytes.Buffer
	if err := writeTar(&buffer, r.time, folders, entries...); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer))
}

// certificateBundle returns Mozilla's authorities, at the version that go.mod pins. Those that
// are trusted for some names only are left out, since a file of certificates cannot say so.
func certificateBundle() []byte {
	var buffer bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			buffer.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return buffer.Bytes()
}

// writeLayout writes an OCI layout as one archive, which kind, containerd, podman and skopeo
// read. Its index names the image for those that import by name.
func (r *release) writeLayout(index v1.ImageIndex, reference, file string) error {
	dir, err := os.MkdirTemp("", "deepscaler-image-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	parsed, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	// containerd has this name for Docker's registry, which is the default.
	full := strings.Replace(parsed.Name(), name.DefaultRegistry, "docker.io", 1)
	if err := written.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name": full, "org.opencontainers.image.ref.name": parsed.Identifier(),
	})); err != nil {
		return err
	}
	entries, err := readDir(dir)
	if err != nil {
		return err
	}
	var buffer bytes.Buffer
	if err := writeTar(&buffer, r.time, []string{"blobs", "blobs/sha256"}, entries...); err != nil {
		return err
	}
	return os.WriteFile(file, buffer.Bytes(), 0o644)
}

// readLayout unpacks an archive that writeLayout wrote into a directory for the caller to
// remove, and returns its one index.
func readLayout(file string) (dir string, index v1.ImageIndex, err error) {
	if dir, err = os.MkdirTemp("", "deepscaler-image-*"); err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	archive, err := os.Open(file)
	if err != nil {
		return "", nil, err
	}
	defer archive.Close()
	if err := unpack(archive, dir); err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, err)
	}
	outer, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, err)
	}
	manifest, err := outer.IndexManifest()
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(manifest.Manifests) != 1 {
		return "", nil, fmt.Errorf("%s has %d images, want 1", file, len(manifest.Manifests))
	}
	index, err = outer.ImageIndex(manifest.Manifests[0].Digest)
	return dir, index, err
}
