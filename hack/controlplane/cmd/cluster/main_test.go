package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait: a start may have to build the programs first.
const patience = 20 * time.Minute

// commandVariable makes the test binary the command itself.
const commandVariable = "CLUSTER_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), commandVariable+"=yes")
	return cmd
}

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := command(t, args...).CombinedOutput()
	t.Logf("%s: %v\n%s", strings.Join(args, " "), err, out)
	return string(out), err
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func TestUpStatusDown(t *testing.T) {
	name := fmt.Sprintf("test-%d", os.Getpid())
	home, err := homeOf(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := home.stop(context.Background(), 30*time.Second); err != nil {
			t.Error(err)
		}
	})
	if _, err := run(t, "status", "--name", name); err == nil {
		t.Error("status of a cluster that does not run succeeded")
	}
	out, err := run(t, "up", "--name", name, "--nodes", "1")
	if err != nil {
		t.Fatal("up failed")
	}
	s, err := home.read()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "kube-apiserver is ready") || !strings.Contains(out, s.Kubeconfig) {
		t.Error("up shows neither progress nor the kubeconfig")
	}
	nodes, err := exec.Command(s.Kubectl, "--kubeconfig", s.Kubeconfig, "get", "nodes", "-o", "name").CombinedOutput()
	if err != nil || string(nodes) != "node/node-0\n" {
		t.Errorf("kubectl get nodes: %q, %v", nodes, err)
	}
	if out, err := run(t, "up", "--name", name); err != nil || !strings.Contains(out, s.Kubeconfig) {
		t.Error("a second up does not point at the running cluster")
	}

	if err := syscall.Kill(s.Processes["kwok"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	within(t, "the failure is recorded", func() bool {
		text, err := home.failures()
		return err == nil && strings.Contains(text, "kwok ended: signal: killed; its log ends with")
	})
	if out, err := run(t, "status", "--name", name); err != nil || !strings.Contains(out, "kwok ended") {
		t.Error("status does not name the program that ended")
	}

	if _, err := run(t, "down", "--name", name); err != nil {
		t.Error("down failed")
	}
	if _, err := os.Stat(home.dir); !os.IsNotExist(err) {
		t.Errorf("the data directory after down: %v", err)
	}
	if _, err := run(t, "down", "--name", name); err != nil {
		t.Error("a second down failed")
	}
}

func TestInterruptedUpLeavesNothing(t *testing.T) {
	name := fmt.Sprintf("interrupted-%d", os.Getpid())
	home, err := homeOf(name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "up", "--name", name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	within(t, "the start has begun", func() bool {
		_, err := os.Stat(home.dir)
		return err == nil
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("an interrupted up succeeded")
	}
	if _, err := os.Stat(home.dir); !os.IsNotExist(err) {
		t.Errorf("the data directory of an interrupted up: %v\n%s", err, &out)
	}
	if !strings.Contains(out.String(), "terminated") {
		t.Errorf("an interrupted up does not say why it ended:\n%s", &out)
	}
}
