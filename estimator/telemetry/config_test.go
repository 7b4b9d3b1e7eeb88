package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// decode reads a configuration as the adapter does.
func decode(text string) (Config, error) {
	cfg := DefaultConfig()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	err := d.Decode(&cfg)
	return cfg, err
}

func TestConfigKeepsDefaultsOfWhatIsLeftOut(t *testing.T) {
	got, err := decode(`
prometheus:
  url: https://prometheus.monitoring:9090/prefix
  timeout: 5s
  http:
    authorization:
      credentials_file: /var/run/secrets/token
    tls_config:
      ca_file: /etc/ca.crt
jaeger:
  url: http://jaeger-query:16686
  lookback: 48h
rateWindow: 2m
queries:
  cpu: my_cpu{namespace=~"{{.Namespaces}}"}
`)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	want := DefaultConfig()
	want.Prometheus.URL = "https://prometheus.monitoring:9090/prefix"
	want.Prometheus.Timeout = 5 * time.Second
	want.Prometheus.HTTP.Authorization = &config.Authorization{Type: "Bearer", CredentialsFile: "/var/run/secrets/token"}
	want.Prometheus.HTTP.TLSConfig.CAFile = "/etc/ca.crt"
	want.Jaeger.URL = "http://jaeger-query:16686"
	want.Jaeger.Lookback = 48 * time.Hour
	want.RateWindow = 2 * time.Minute
	want.Queries = map[string]string{"cpu": `my_cpu{namespace=~"{{.Namespaces}}"}`}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(config.ProxyConfig{})); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestConfigNamesTheLineOfAMistake(t *testing.T) {
	for text, want := range map[string]string{
		"prometheus:\n  uri: x\n":                                             "line 2: field uri not found",
		"preset: istio\nratewindow: 1m\n":                                     "line 2: field ratewindow not found",
		"prometheus:\n  url: http://x\n  timeout: 10\n":                       "line 3: cannot unmarshal !!int",
		"prometheus:\n  http:\n    basicAuth: {}\n":                           "line 3: field basicAuth not found",
		"prometheus:\n  http:\n    tls_config:\n      caFile: x\n":            "line 4: field caFile not found",
		"jaeger:\n  http:\n    basic_auth:\n      user: x\n":                  "line 4: field user not found",
		"prometheus:\n  http:\n    bearer_token: a\n    bearer_token_file: b": "at most one of bearer_token",
	} {
		if _, err := decode(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nerror %v, want %q", text, err, want)
		}
	}
}

func TestConfigNeverPrintsSecrets(t *testing.T) {
	cfg, err := decode(`
prometheus:
  url: http://prometheus:9090
  http:
    basic_auth: {username: reader, password: hunter2}
jaeger:
  url: http://jaeger:16686
  http:
    bearer_token: hunter2
`)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("start", "config", cfg)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", "config", &cfg)
	asYAML, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for how, text := range map[string]string{
		"%v":   fmt.Sprintf("%v", cfg),
		"%+v":  fmt.Sprintf("%+v", &cfg),
		"%#v":  fmt.Sprintf("%#v", cfg),
		"slog": logged.String(),
		"yaml": string(asYAML),
		"json": string(asJSON),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s prints a secret: %s", how, text)
		}
		if !strings.Contains(text, "reader") {
			t.Errorf("%s hides what is no secret: %s", how, text)
		}
	}
}

func TestValidateSaysWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no URL":           {func(c *Config) { c.Prometheus.URL = "" }, "prometheus.url: is required"},
		"no scheme":        {func(c *Config) { c.Prometheus.URL = "prometheus:9090" }, "prometheus.url: must look like"},
		"not a URL":        {func(c *Config) { c.Prometheus.URL = "http://a b" }, "prometheus.url: is not a valid URL"},
		"URL with query":   {func(c *Config) { c.Prometheus.URL = "http://a/?x=1" }, "prometheus.url: must not have a query"},
		"password in URL":  {func(c *Config) { c.Prometheus.URL = "http://u:hunter2@a" }, "prometheus.url: must not hold credentials"},
		"no timeout":       {func(c *Config) { c.Prometheus.Timeout = 0 }, "prometheus.timeout: must be more than 0"},
		"no response size": {func(c *Config) { c.Prometheus.MaxResponseBytes = -1 }, "prometheus.maxResponseBytes: must be more than 0"},
		"two credentials": {func(c *Config) {
			c.Prometheus.HTTP.BasicAuth = &config.BasicAuth{}
			c.Prometheus.HTTP.BearerToken = "hunter2"
		}, "prometheus.http: at most one of"},
		"Jaeger's URL":        {func(c *Config) { c.Jaeger.URL = "ftp://x" }, "jaeger.url: must look like"},
		"Jaeger's timeout":    {func(c *Config) { c.Jaeger.URL, c.Jaeger.Timeout = "http://x", 0 }, "jaeger.timeout: must be more than 0"},
		"Jaeger's lookback":   {func(c *Config) { c.Jaeger.URL, c.Jaeger.Lookback = "http://x", -1 }, "jaeger.lookback: must be more than 0"},
		"rate window":         {func(c *Config) { c.RateWindow = time.Millisecond }, "rateWindow: is 1ms, want at least 1s"},
		"unknown preset":      {func(c *Config) { c.Preset = "consul" }, `preset: "consul" is not known, want one of ["istio" "istio-resource-requests" "istio-ambient" "linkerd" "cilium" "otel"]`},
		"empty query":         {func(c *Config) { c.Queries = map[string]string{"cpu": " "} }, "queries.cpu: is empty"},
		"malformed template":  {func(c *Config) { c.Queries = map[string]string{"cpu": "{{.Namespaces"} }, "queries.cpu: is not a valid template"},
		"unknown variable":    {func(c *Config) { c.Queries = map[string]string{"cpu": "{{.Namespace}}"} }, "can't evaluate field Namespace"},
		"template that fails": {func(c *Config) { c.Queries = map[string]string{"cpu": `{{index .Namespaces 5}}`} }, "queries.cpu: is not a valid template"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Prometheus.URL = "http://prometheus:9090"
			if err := cfg.Validate(); err != nil {
				t.Fatal(err)
			}
			tc.change(&cfg)
			err := cfg.Validate()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error tells a secret: %v", err)
			}
		})
	}

	cfg := Config{}
	if err := cfg.Validate(); strings.Count(err.Error(), "\n") < 4 {
		t.Errorf("error %v, want everything that is wrong", err)
	}
}
