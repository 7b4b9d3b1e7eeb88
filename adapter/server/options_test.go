package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/adapter/server"
)

func TestOptions(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		files bool
		want  string // "" for valid
	}{
		"defaults":          {nil, false, ""},
		"files":             {[]string{"--tls-cert-file=a", "--tls-private-key-file=b"}, true, ""},
		"certificate alone": {[]string{"--tls-cert-file=a"}, true, "belong together"},
		"key alone":         {[]string{"--tls-private-key-file=b"}, true, "belong together"},
		"nowhere to write":  {[]string{"--cert-dir="}, false, "--cert-dir"},
		"no port":           {[]string{"--secure-port=0"}, false, "--secure-port"},
		"hasty":             {[]string{"--shutdown-delay-duration=-1s"}, false, "--shutdown-delay-duration"},
	} {
		o := server.NewOptions()
		fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
		o.AddServingFlags(fs)
		o.AddAuthFlags(fs)
		if err := fs.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		err := o.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if o.CertificateFromFiles() != c.files {
			t.Errorf("%s: certificate from files: %v", name, o.CertificateFromFiles())
		}
	}
}

func TestDefaultsKeepOthersOut(t *testing.T) {
	o := server.NewOptions()
	if got := strings.Join(o.Authorization.AlwaysAllowPaths, " "); got != "/healthz /readyz /livez" {
		t.Errorf("open to everybody: %s", got)
	}
	if o.SecureServing.BindPort < 1024 || !o.SecureServing.Required {
		t.Errorf("port %d needs privileges, or HTTPS can be switched off", o.SecureServing.BindPort)
	}
	if o.ShutdownDelay > 5*time.Second {
		t.Errorf("takes %v to stop", o.ShutdownDelay)
	}
}
