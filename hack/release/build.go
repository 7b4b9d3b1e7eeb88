package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// platform is an operating system and a processor, as Go names them.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

// Images are for nodes, the plugin is for people.
func imagePlatforms() []platform { return []platform{{"linux", "amd64"}, {"linux", "arm64"}} }

func pluginPlatforms() []platform {
	return append(imagePlatforms(), platform{"darwin", "amd64"}, platform{"darwin", "arm64"}, platform{"windows", "amd64"})
}

// program is one that has an image.
type program struct {
	name, title, description string
	port                     string
	// target and output are the rule of the Makefile, and its variable for the file.
	target, output string
}

func programs() []program {
	return []program{
		{
			name: "deepscaler", title: "DeepScaler", port: "6443/tcp", target: "build", output: "OUTPUT",
			description: "Joint autoscaling of microservices, as a metric for HorizontalPodAutoscalers",
		},
		{
			name: "deepscaler-scheduler", title: "DeepScaler scheduler", port: "10259/tcp", target: "build-scheduler", output: "SCHEDULER",
			description: "kube-scheduler with DeepScaler's placement plugin",
		},
	}
}

// make has the Makefile compile a program, so that a release is built as everything else is.
func (r *release) make(ctx context.Context, p program, on platform, file string) error {
	cmd := exec.CommandContext(ctx, "make", p.target, "VERSION="+r.version, p.output+"="+file)
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), "GOOS="+on.os, "GOARCH="+on.arch)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("make %s for %s: %w", p.target, on, err)
	}
	return nil
}

// binary returns the file of a program for a platform, which it compiles once.
func (r *release) binary(ctx context.Context, p program, on platform) (string, error) {
	file := filepath.Join(r.work(), p.name+"-"+on.os+"-"+on.arch)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	return file, r.build(ctx, p, on, file)
}

// work is where things are that are not published.
func (r *release) work() string { return r.out + ".build" }

// output returns what a command writes.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}
