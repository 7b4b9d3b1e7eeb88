package stack

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Programs are the paths of the programs of this module that a stack runs.
type Programs struct {
	// Root is the directory of the module, where the manifests are.
	Root string
	// DeepScaler and Testbed are executables.
	DeepScaler, Testbed string
}

// BuildPrograms compiles cmd/deepscaler and the testbed into dir.
func BuildPrograms(ctx context.Context, dir string) (Programs, error) {
	root, err := goTool(ctx, "", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return Programs{}, fmt.Errorf("find the module (run this inside its checkout): %w", err)
	}
	p := Programs{
		Root:       strings.TrimSpace(string(root)),
		DeepScaler: filepath.Join(dir, "deepscaler"),
		Testbed:    filepath.Join(dir, "testbed"),
	}
	for program, pkg := range map[string]string{p.DeepScaler: "./cmd/deepscaler", p.Testbed: "./test/testbed/cmd/testbed"} {
		if _, err := goTool(ctx, p.Root, "build", "-o", program, pkg); err != nil {
			return Programs{}, fmt.Errorf("build %s: %w", pkg, err)
		}
	}
	return p, nil
}

// BuildScheduler compiles cmd/scheduler, which is a module of its own, into dir and returns
// its path. Without Go's cache that takes a minute or two.
func BuildScheduler(ctx context.Context, root, dir string) (string, error) {
	program := filepath.Join(dir, "deepscaler-scheduler")
	if _, err := goTool(ctx, filepath.Join(root, "cmd", "scheduler"), "build", "-o", program, "."); err != nil {
		return "", fmt.Errorf("build the scheduler: %w", err)
	}
	return program, nil
}

// goTool runs a command of Go in a folder.
func goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return pipe(ctx, nil, dir, "go", args...)
}

// pipe runs a command to its end and returns what it wrote; on failure the
// error ends with what it complained about.
func pipe(ctx context.Context, stdin []byte, dir, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
