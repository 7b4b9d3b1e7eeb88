package record

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

func TestFlagsSetTheOptions(t *testing.T) {
	o := NewOptions()
	fs := pflag.NewFlagSet("record", pflag.ContinueOnError)
	o.Flags(fs)
	if err := fs.Parse([]string{"--prometheus-url", "http://p:9090", "--namespace", "shop", "--namespace", "data", "--start", "-7d", "--step=15s", "--services", "a,b", "--out", "x.csv"}); err != nil {
		t.Fatal(err)
	}
	want := NewOptions()
	want.PrometheusURL, want.Namespaces, want.Start, want.Step, want.Services, want.Out = "http://p:9090", []string{"shop", "data"}, "-7d", 15*time.Second, []string{"a", "b"}, "x.csv"
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRejectsOptions(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"no server":         {func(o *Options) { o.PrometheusURL, o.ConfigFile = "", "" }, "--prometheus-url is required"},
		"no URL in file":    {func(o *Options) { o.PrometheusURL = "" }, "prometheus.url: is required"},
		"no namespace":      {func(o *Options) { o.Namespaces = []string{" "} }, "--namespace is required"},
		"no output":         {func(o *Options) { o.Out = "" }, "--out is required"},
		"strange output":    {func(o *Options) { o.Out = "x.parquet" }, "--out"},
		"strange graph":     {func(o *Options) { o.GraphOut = "x.csv.gz" }, "--graph-out"},
		"one output":        {func(o *Options) { o.Out, o.GraphOut = "a/../x.csv", "x.csv" }, "--graph-out and --out"},
		"idle Jaeger":       {func(o *Options) { o.JaegerURL, o.GraphOut = "http://j", "" }, "--jaeger-url"},
		"user alone":        {func(o *Options) { o.Username = "me" }, "--prometheus-password-file"},
		"user and token":    {func(o *Options) { o.Username, o.PasswordFile, o.BearerTokenFile = "me", "p", "t" }, "exclude"},
		"no step":           {func(o *Options) { o.Step = 0 }, "--step"},
		"odd step":          {func(o *Options) { o.Step = 1500 * time.Microsecond }, "--step"},
		"rates too short":   {func(o *Options) { o.Step, o.RateWindow = time.Minute, 30*time.Second }, "rateWindow"},
		"negative rates":    {func(o *Options) { o.RateWindow = -1 }, "--rate-window"},
		"negative timeout":  {func(o *Options) { o.Timeout = -1 }, "--prometheus-timeout"},
		"no columns":        {func(o *Options) { o.Columns = 0 }, "--columns"},
		"too many columns":  {func(o *Options) { o.Columns = 11001 }, "--columns"},
		"no attempts":       {func(o *Options) { o.Attempts = 0 }, "--attempts"},
		"no features":       {func(o *Options) { o.Features = nil }, "--features"},
		"unknown feature":   {func(o *Options) { o.Features = []string{"cpu", "disk"} }, "disk"},
		"feature twice":     {func(o *Options) { o.Features = []string{"cpu", "cpu"} }, "cpu"},
		"service twice":     {func(o *Options) { o.Services = []string{"web", "cart", "web"} }, "web"},
		"nameless service":  {func(o *Options) { o.Services = []string{"web", ""} }, "name alone"},
		"ambiguous service": {func(o *Options) { o.Namespaces = []string{"a", "b"} }, "namespace/name"},
		"service elsewhere": {func(o *Options) { o.Services = []string{"data/web"} }, "not among --namespace"},
		"unknown preset":    {func(o *Options) { o.Preset = "telegraph" }, "telegraph"},
		"password in URL":   {func(o *Options) { o.PrometheusURL = "http://me:secret@p" }, "credentials"},
		"no such file":      {func(o *Options) { o.ConfigFile = b.path("none") }, "none"},
		"bad start":         {func(o *Options) { o.Start = "yesterday" }, "--start"},
		"milliseconds":      {func(o *Options) { o.Start = "1769817600000" }, "--start"},
		"bad end":           {func(o *Options) { o.End = "+1h" }, "--end"},
		"end in the future": {func(o *Options) { o.End = "2026-03-01T13:00:00Z" }, "future"},
		"backwards":         {func(o *Options) { o.Start, o.End = "-1h", "-2h" }, "less than two steps"},
		"one step":          {func(o *Options) { o.Start = "-30s" }, "less than two steps"},
	} {
		t.Run(name, func(t *testing.T) {
			o := b.options(c.change)
			err := o.Validate()
			if err == nil {
				_, err = o.Config(&b.out, func() time.Time { return testNow })
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v tells a secret", err)
			}
		})
	}
}

func TestRejectsAllAtOnce(t *testing.T) {
	err := (&Options{}).Validate()
	for _, want := range []string{"--prometheus-url", "--namespace", "--out", "--step", "--columns", "--attempts", "--features"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to say %s", err, want)
		}
	}
}

func TestTooLargeARangeIsRefusedAtOnce(t *testing.T) {
	b := newBench(t)
	err := b.run(func(o *Options) { o.Start, o.Step = "-20000h", time.Second })
	if err != nil && !strings.Contains(err.Error(), "shorten the range or lengthen --step") || err == nil {
		t.Errorf("error %v", err)
	}
	if steps, _ := b.fake.columns(); len(steps) > 0 {
		t.Error("it was begun")
	}
}

func TestFlagsReplaceTheFile(t *testing.T) {
	b := newBench(t)
	file := `
apiVersion: config.deepscaler.io/v1alpha1
step: 30s
telemetry:
  prometheus:
    url: http://file:9090
    timeout: 7s
    http:
      basic_auth: {username: file, password: secret}
  jaeger: {url: http://jaeger:16686}
  rateWindow: 2m
`
	if err := os.WriteFile(b.path("adapter.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	o := NewOptions()
	o.ConfigFile = b.path("adapter.yaml")
	got, err := o.telemetry()
	if err != nil {
		t.Fatal(err)
	}
	if got.Prometheus.URL != "http://file:9090" || got.Prometheus.Timeout != 7*time.Second || got.Jaeger.URL != "http://jaeger:16686" ||
		got.RateWindow != 2*time.Minute || got.ScrapeInterval != time.Minute || got.Prometheus.HTTP.BasicAuth.Username != "file" || got.Prometheus.MaxResponseBytes != defaultResponse {
		t.Errorf("file: %+v", got)
	}
	o.PrometheusURL, o.Timeout, o.RateWindow, o.BearerTokenFile, o.CAFile = "http://flag:9090", time.Second, time.Hour, "token", "ca"
	if got, err = o.telemetry(); err != nil {
		t.Fatal(err)
	}
	http := got.Prometheus.HTTP
	if got.Prometheus.URL != "http://flag:9090" || got.Prometheus.Timeout != time.Second || got.RateWindow != time.Hour || got.ScrapeInterval != 30*time.Minute ||
		http.BasicAuth != nil || http.Authorization.CredentialsFile != "token" || http.TLSConfig.CAFile != "ca" {
		t.Errorf("flags: %+v", got)
	}
}

func TestRejectsFiles(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"empty":           {"", "is empty"},
		"no section":      {"step: 30s\n", "no telemetry section"},
		"misspelt":        {"telemetry:\n  prometheus:\n    ulr: x\n", "line 3"},
		"repeated":        {"telemetry: {}\ntelemetry: {}\n", "already defined"},
		"second document": {"telemetry: {}\n---\nstep: 1s\n", "more than one YAML document"},
		"not YAML":        {"telemetry: [", "yaml"},
		"a list":          {"- telemetry\n", "yaml"},
	} {
		cfg := telemetry.DefaultConfig()
		if err := decode([]byte(c.file), &cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
}

func TestParseSpan(t *testing.T) {
	now := testNow.Add(7 * time.Second)
	for name, c := range map[string]struct {
		start, end string
		first      time.Time
		steps      int
	}{
		"relative":     {"-1h", "now", testNow.Add(-time.Hour + testStep), 120},
		"days":         {"-1d12h", "-12h", testNow.Add(-36*time.Hour + testStep), 2880},
		"RFC 3339":     {"2026-03-01T12:00:00+01:00", "2026-03-01T11:01:14Z", testNow.Add(-time.Hour + testStep), 2},
		"Unix seconds": {"1772362800", "1772366400.5", testNow.Add(-time.Hour + testStep), 120},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseSpan(c.start, c.end, testStep, now)
			if err != nil {
				t.Fatal(err)
			}
			if !got.first.Equal(c.first) || got.steps != c.steps {
				t.Errorf("%d steps from %v, want %d from %v", got.steps, got.first, c.steps, c.first)
			}
		})
	}
}

func FuzzParseSpan(f *testing.F) {
	f.Add("-24h", "now")
	f.Add("2026-03-01T12:00:00Z", "1772362800.25")
	f.Add("-1d", "-9223372036s")
	f.Fuzz(func(t *testing.T, start, end string) {
		got, err := parseSpan(start, end, testStep, testNow)
		if err != nil {
			return
		}
		if got.steps < 2 || got.last(testStep).After(testNow) || got.first.Unix() < 0 || got.first.UnixMilli()%testStep.Milliseconds() != 0 {
			t.Errorf("%q to %q is %d steps from %v", start, end, got.steps, got.first)
		}
	})
}
