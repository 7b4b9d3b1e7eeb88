package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/deepscaler/deepscaler/adapter/config"
)

const header = `apiVersion: config.deepscaler.io/v1alpha1
kind: AdapterConfiguration
telemetry:
  prometheus:
    url: http://prometheus:9090
`

func decode(t *testing.T, text string) *config.Adapter {
	t.Helper()
	a, err := config.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExampleHoldsTheDefaults(t *testing.T) {
	want := config.Default()
	want.Telemetry.Prometheus.URL = "http://prometheus.monitoring.svc:9090"
	got := decode(t, config.Example)
	if diff := cmp.Diff(asYAML(t, want), asYAML(t, got)); diff != "" {
		t.Errorf("example.yaml differs from the defaults (-want +got):\n%s", diff)
	}
	// Every field must be in the example, or it teaches half of the file.
	var example, defaults map[string]any
	if err := yaml.Unmarshal([]byte(config.Example), &example); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(asYAML(t, want)), &defaults); err != nil {
		t.Fatal(err)
	}
	for _, key := range missing("", defaults, example) {
		if !strings.Contains(key, ".http.") {
			t.Errorf("example.yaml does not mention %s", key)
		}
	}
}

func missing(path string, want, got map[string]any) []string {
	var keys []string
	for key, value := range want {
		other, ok := got[key]
		if !ok {
			keys = append(keys, path+key)
			continue
		}
		inner, isMap := value.(map[string]any)
		innerGot, _ := other.(map[string]any)
		if isMap {
			keys = append(keys, missing(path+key+".", inner, innerGot)...)
		}
	}
	return keys
}

func asYAML(t *testing.T, a *config.Adapter) string {
	t.Helper()
	out, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestDefaultsFollowTheScrapeInterval: samples decide how soon anything can be seen.
func TestDefaultsFollowTheScrapeInterval(t *testing.T) {
	type periods struct {
		Step, RateWindow, LeadTime time.Duration
		Window                     int
		Scrapes                    time.Duration
	}
	for text, want := range map[string]periods{
		"":                                 {15 * time.Second, 30 * time.Second, time.Minute, 40, 15 * time.Second},
		"  scrapeInterval: 30s\n":          {30 * time.Second, time.Minute, 75 * time.Second, 20, 30 * time.Second},
		"  scrapeInterval: 1m\n":           {time.Minute, 2 * time.Minute, 105 * time.Second, 12, time.Minute},
		"  scrapeInterval: 1m\nstep: 2m\n": {2 * time.Minute, 2 * time.Minute, 165 * time.Second, 12, time.Minute},
		"  scrapeInterval: 5s\n  rateWindow: 20s\n": {5 * time.Second, 20 * time.Second, 50 * time.Second, 120, 5 * time.Second},
		"step: 1m\n":                             {time.Minute, time.Minute, 105 * time.Second, 12, 30 * time.Second},
		"window: 7\ndefaults: {leadTime: 90s}\n": {15 * time.Second, 30 * time.Second, 90 * time.Second, 7, 15 * time.Second},
		"  rateWindow: 2m\n":                     {15 * time.Second, 2 * time.Minute, time.Minute, 40, time.Minute},
	} {
		a := decode(t, header+text)
		got := periods{a.Step, a.Telemetry.RateWindow, a.Defaults.LeadTime, a.Window, a.Telemetry.ScrapeInterval}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestDecodeKeepsDefaultsOfWhatIsLeftOut(t *testing.T) {
	got := decode(t, header+"step: 15s\ndefaults: {slo: 200ms}\n")
	want := config.Default()
	want.Telemetry.Prometheus.URL = "http://prometheus:9090"
	want.Step = 15 * time.Second
	want.Defaults.SLO = 200 * time.Millisecond
	if diff := cmp.Diff(asYAML(t, want), asYAML(t, got)); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestSettingsOfAnApplicationOverrideOnlyWhatTheyMention(t *testing.T) {
	a := decode(t, header+`
defaults: {slo: 1s, sloPercentile: 0.95, maxUtilisation: 0.7}
applications:
- name: shop
  slo: 300ms
  sloPercentile: 0
  leadTime: 2m
- name: money
  namespaces: [shop, vault]
`)
	if diff := cmp.Diff(map[string][]string{"shop": nil, "money": {"shop", "vault"}}, a.Consent()); diff != "" {
		t.Errorf("consent (-want +got):\n%s", diff)
	}
	shop, other := a.Settings("shop"), a.Settings("bookinfo")
	if diff := cmp.Diff(a.Defaults, other); diff != "" {
		t.Errorf("an application without an entry differs from defaults:\n%s", diff)
	}
	want := a.Defaults
	want.SLO, want.SLOPercentile, want.LeadTime = 300*time.Millisecond, 0, 2*time.Minute
	if diff := cmp.Diff(want, shop); diff != "" {
		t.Errorf("settings of shop (-want +got):\n%s", diff)
	}
	if q := shop.Queueing(); q.SLO != 300*time.Millisecond || q.LeadTime != 2*time.Minute || q.MaxUtilisation != 0.7 {
		t.Errorf("queueing estimators got %+v", q)
	}
	if p := shop.Plan(); p.LeadTime != 2*time.Minute {
		t.Errorf("plan got %+v", p)
	}
}

func TestSettleTime(t *testing.T) {
	for _, c := range []struct{ step, settle, want time.Duration }{
		{30 * time.Second, 0, time.Second},
		{2 * time.Second, 0, 200 * time.Millisecond},
		{30 * time.Second, 5 * time.Second, 5 * time.Second},
	} {
		a := config.Default()
		a.Step, a.Settle = c.step, c.settle
		if got := a.SettleTime(); got != c.want {
			t.Errorf("settle %v of step %v: got %v, want %v", c.settle, c.step, got, c.want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := config.Load(write("good.yaml", config.Example)); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "absent.yaml"), "no such file"},
		{write("bad.yaml", "kind: x"), "bad.yaml"},
		{write("huge.yaml", "# "+strings.Repeat("x", 1<<20)), "larger than"},
	} {
		if _, err := config.Load(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.path, err, c.want)
		}
	}
}

func TestWindowsThatEndEarlyLookFurtherAhead(t *testing.T) {
	a := config.Default()
	a.Telemetry.Prometheus.Offset = 30 * time.Second
	if got, want := a.Settings("shop").Plan().LeadTime, a.Defaults.LeadTime+30*time.Second; got != want {
		t.Errorf("the lead time is %v, want %v", got, want)
	}
}

// A user outside of the cluster names another URL, with or without a file.
func TestLoadFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config.Example), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, url, preset, wantURL, wantPreset string }{
		"a file":               {file, "", "", "http://prometheus.monitoring.svc:9090", "istio"},
		"a URL":                {"", "http://localhost:9090", "", "http://localhost:9090", "istio"},
		"a file and overrides": {file, "http://localhost:9090", "linkerd", "http://localhost:9090", "linkerd"},
	} {
		a, err := config.LoadFor(c.file, c.url, c.preset)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a.Telemetry.Prometheus.URL != c.wantURL || a.Telemetry.Preset != c.wantPreset {
			t.Errorf("%s: %s with preset %s", name, a.Telemetry.Prometheus.URL, a.Telemetry.Preset)
		}
	}
	for _, c := range [][3]string{{"", "", ""}, {"", "localhost:9090", ""}, {"", "http://localhost", "envoy"}, {file + "x", "http://localhost", ""}} {
		if _, err := config.LoadFor(c[0], c[1], c[2]); err == nil {
			t.Errorf("%q is accepted", c)
		}
	}
}
