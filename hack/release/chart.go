package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// manifests renders every kustomization with the images of this release.
func (r *release) manifests(ctx context.Context) error {
	// Kustomize wants all of it in one tree, and the paths between.
	out, err := filepath.Rel(r.source, filepath.Join(r.out, "manifests"))
	if err != nil {
		return err
	}
	if _, err := output(ctx, r.source, "go", "run", "./hack/verify/manifests/render", "--image", r.image+":"+r.version, "--out", out); err != nil {
		return err
	}
	r.done("manifests")
	return nil
}

// chart packages the chart with the version and the image of this release.
func (r *release) chart(ctx context.Context) error {
	helm, err := r.helm(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(r.work(), "chart")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	// Links become files.
	if _, err := output(ctx, r.source, "cp", "-RL", "manifests/chart", dir); err != nil {
		return err
	}
	values := filepath.Join(dir, "values.yaml")
	content, err := os.ReadFile(values)
	if err != nil {
		return err
	}
	const before = "\n  repository: deepscaler\n"
	if bytes.Count(content, []byte(before)) != 1 {
		return errors.New("values.yaml of the chart has no line repository: deepscaler to replace")
	}
	content = bytes.Replace(content, []byte(before), []byte("\n  repository: "+r.image+"\n"), 1)
	if err := os.WriteFile(values, content, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, helm, "package", dir, "--version", strings.TrimPrefix(r.version, "v"), "--app-version", r.version, "--destination", r.out)
	// Helm gives this time to every file.
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.time.Unix(), 10))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("helm package: %w: %s", err, out)
	}
	for _, check := range [][]string{{"lint", "--strict"}, {"template", "--namespace", "deepscaler-system", "--kube-version", "1.37"}} {
		if _, err := output(ctx, r.source, helm, append(check, filepath.Join(r.out, r.chartFile()))...); err != nil {
			return err
		}
	}
	r.done(r.chartFile())
	return nil
}

func (r *release) chartFile() string {
	return "deepscaler-" + strings.TrimPrefix(r.version, "v") + ".tgz"
}

// helm returns the path of the pinned helm, which is compiled when it is not in the cache.
func (r *release) helm(ctx context.Context) (string, error) {
	line, err := output(ctx, r.source, "go", "run", "./hack/controlplane/cmd/cluster", "build", "helm")
	if err != nil {
		return "", err
	}
	_, path, found := strings.Cut(strings.TrimSpace(line), "\t")
	if !found {
		return "", fmt.Errorf("cluster build helm printed %q, want a path", line)
	}
	return path, nil
}
