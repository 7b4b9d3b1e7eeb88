package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/adapter/config"
)

// execute runs the command with args and returns what it printed.
func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestEveryCommandTeachesByExample(t *testing.T) {
	var walk func(c *cobra.Command, path ...string)
	walk = func(c *cobra.Command, path ...string) {
		if c.Short == "" || !strings.Contains(c.Example, "deepscaler") {
			t.Errorf("%s: short text %q, example %q", c.CommandPath(), c.Short, c.Example)
		}
		out, err := execute(t, append(path, "--help")...)
		if err != nil || !strings.Contains(out, strings.TrimSpace(c.Example)) {
			t.Errorf("%s --help lacks its example (%v):\n%s", c.CommandPath(), err, out)
		}
		for _, sub := range c.Commands() {
			walk(sub, append(path, sub.Name())...)
		}
	}
	walk(newRootCommand())
}

func TestAdapterHelpExplainsItsOwnFlags(t *testing.T) {
	out, err := execute(t, "adapter", "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--config", "--kubeconfig", "--secure-port", "--cert-dir", "--client-ca-file", "--authentication-kubeconfig", "--logging-format"} {
		if !strings.Contains(out, want) {
			t.Errorf("help lacks %s", want)
		}
	}
}

func TestPrintExampleConfig(t *testing.T) {
	out, err := execute(t, "adapter", "--print-example-config")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Decode([]byte(out)); err != nil {
		t.Errorf("the example is not valid: %v", err)
	}
}

func TestVersion(t *testing.T) {
	version = "v1.2.3"
	t.Cleanup(func() { version = "" })
	for _, arg := range []string{"version", "--version"} {
		out, err := execute(t, arg)
		if err != nil || !strings.HasPrefix(out, "deepscaler v1.2.3\nrevision ") || !strings.Contains(out, "go1.") {
			t.Errorf("%s printed %q, %v", arg, out, err)
		}
	}
}

func TestAdapterRejects(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no configuration":    {nil, "--config is required"},
		"absent file":         {[]string{"--config", "/nonexistent.yaml"}, "/nonexistent.yaml"},
		"half a key pair":     {[]string{"--config", "x", "--tls-cert-file", "tls.crt"}, "--tls-private-key-file"},
		"no port":             {[]string{"--config", "x", "--secure-port", "0"}, "--secure-port"},
		"unknown flag":        {[]string{"--confg", "x"}, "--confg"},
		"an argument":         {[]string{"adapter.yaml"}, "adapter.yaml"},
		"unknown log format":  {[]string{"--config", "x", "--logging-format", "xml"}, "xml"},
		"several at the time": {[]string{"--secure-port", "0", "--tls-cert-file", "x"}, "--config is required"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := execute(t, append([]string{"adapter"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
