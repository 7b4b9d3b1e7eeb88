// Package manifests renders the kustomizations of the project. Its tests apply
// them to a real API server.
package manifests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// Kustomizations returns the directories below dir, relative to it and in
// lexical order, with a kustomization that can be applied by itself; a
// component cannot.
func Kustomizations(dir string) ([]string, error) {
	tree := os.DirFS(dir)
	files := []string{}
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		content, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		var header struct {
			Kind string `json:"kind"`
		}
		if err := sigsyaml.Unmarshal(content, &header); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if header.Kind == "Kustomization" {
			files = append(files, path.Dir(file))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find kustomizations: %w", err)
	}
	return files, nil
}

// Render returns the objects of the kustomization in dir, as a YAML stream.
func Render(ctx context.Context, kubectl, dir string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, kubectl, "kustomize", dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("render %s: %w: %s", dir, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// Decode returns the objects of a YAML stream.
func Decode(stream []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := new(unstructured.Unstructured)
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("decode object %d: %w", len(objects)+1, err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}
