// Command render writes every kustomization below manifests/ as one file, ready
// for kubectl apply, with the adapter's image replaced.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/verify/manifests"
)

func main() {
	image := flag.String("image", "", "image of the adapter, with its tag; that of the scheduler has the suffix -scheduler")
	source := flag.String("manifests", "manifests", "directory to look for kustomizations in")
	out := flag.String("out", "dist/manifests", "directory to write to; it must be in the same checkout")
	flag.Parse()
	if err := run(context.Background(), *image, *source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, image, source, out string) error {
	programs, err := controlplane.Build(ctx, controlplane.BuildOptions{
		Components: []controlplane.Component{controlplane.Kubectl}, Progress: os.Stderr,
	})
	if err != nil {
		return err
	}
	dirs, err := manifests.Kustomizations(source)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		overlay, err := writeOverlay(filepath.Join(source, dir), out, image)
		if err != nil {
			return err
		}
		rendered, err := manifests.Render(ctx, programs[controlplane.Kubectl], overlay)
		if err != nil {
			return err
		}
		if err := os.RemoveAll(overlay); err != nil {
			return err
		}
		file := filepath.Join(out, strings.ReplaceAll(dir, "/", "-")+".yaml")
		if err := os.WriteFile(file, rendered, 0o644); err != nil { //nolint:gosec // manifests are readable for all
			return err
		}
		fmt.Println(file)
	}
	return nil
}

// writeOverlay writes a kustomization that replaces the images and nothing else,
// because kubectl has no flag for that.
func writeOverlay(base, out, image string) (string, error) {
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // manifests are readable for all
		return "", err
	}
	overlay, err := os.MkdirTemp(out, "overlay-*")
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(overlay, base)
	if err != nil {
		return "", err
	}
	name, tag := image, ""
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		name, tag = image[:colon], image[colon+1:]
	}
	content := fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [%q]\n", filepath.ToSlash(relative))
	if name != "" {
		content += fmt.Sprintf("images: [{name: deepscaler, newName: %q, newTag: %q}, {name: deepscaler-scheduler, newName: %q, newTag: %q}]\n", name, tag, name+"-scheduler", tag)
	}
	return overlay, os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(content), 0o600)
}
