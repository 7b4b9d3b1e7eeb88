package record

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/config"
	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/learner/history"
)

const (
	// defaultTimeout and defaultResponse exceed those of the adapter, whose
	// windows are short: here queries are long and answers large.
	defaultTimeout  = time.Minute
	defaultResponse = 32 << 20

	// maxColumns is the largest range query that Prometheus accepts.
	maxColumns = 11000
)

// Options are the flags of a recording.
type Options struct {
	// ConfigFile is a YAML file with a telemetry section, such as the
	// configuration of the adapter. The flags below override it.
	ConfigFile string
	// PrometheusURL is required unless the file has it.
	PrometheusURL string
	// BearerTokenFile, CAFile, Username and PasswordFile are for Prometheus.
	BearerTokenFile, CAFile, Username, PasswordFile string
	// JaegerURL is optional.
	JaegerURL string
	// Preset is one of [telemetry.Presets].
	Preset string
	// RateWindow and Timeout are 0 for the value of the file, or else the default.
	RateWindow, Timeout time.Duration

	// Namespaces are those of the application; at least one. With several,
	// services are recorded as namespace/name, else by their bare names.
	Namespaces []string
	// Services are workloads, as name or namespace/name; none for those of the
	// mesh.
	Services []string
	// Features are the columns of the output.
	Features []string
	// Start and End are times in the form that [Options.Flags] explains.
	Start, End string
	// Step is the time between two rows of a service.
	Step time.Duration

	// Out is the file that the series is written to; required.
	Out string
	// GraphOut is the file that the invocation graph is written to. Without one
	// no graph is read.
	GraphOut string
	// Columns is the largest number of steps of one query.
	Columns int
	// Attempts is the number of attempts before a transient error counts.
	Attempts int
	// Overwrite replaces output that exists.
	Overwrite bool
	// ReadOnly is for [Config.Read]: no output is named, and the graph is read.
	ReadOnly bool
	// Queries are for features beside those of the preset, by name; see
	// [telemetry.Config].
	Queries map[string]string
}

// NewOptions returns the defaults.
func NewOptions() *Options {
	o := &Options{Start: "-24h", End: "now", Step: telemetry.DefaultScrapeInterval, Columns: 1000, Attempts: 6}
	for _, f := range estimator.DefaultFeatures() {
		o.Features = append(o.Features, string(f))
	}
	return o
}

// Flags adds the flags to fs.
func (o *Options) Flags(fs *pflag.FlagSet) {
	o.SourceFlags(fs)
	fs.StringSliceVar(&o.Features, "features", o.Features, "Columns of the output.")
	fs.StringVar(&o.Start, "start", o.Start, "Start of the range: RFC 3339, Unix seconds, or relative to now such as -7d or -36h.")
	fs.StringVar(&o.End, "end", o.End, "End of the range, in the same form, or now.")
	fs.StringVar(&o.Out, "out", o.Out, "File for the series, .csv or .csv.gz (required).")
	fs.StringVar(&o.GraphOut, "graph-out", o.GraphOut, "File for the invocation graph, .csv. Without it no graph is read.")
	fs.BoolVar(&o.Overwrite, "overwrite", o.Overwrite, "Replace existing output, once the new one is complete.")
}

// SourceFlags adds the flags about where to read what, without range and output.
func (o *Options) SourceFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.PrometheusURL, "prometheus-url", o.PrometheusURL, "Base URL of Prometheus, without /api/v1 (required, here or in --config).")
	fs.StringVar(&o.ConfigFile, "config", o.ConfigFile,
		"YAML file with a telemetry section: addresses and credentials of Prometheus and Jaeger, and queries. The configuration of the adapter fits; other sections are ignored.")
	fs.StringVar(&o.BearerTokenFile, "prometheus-bearer-token-file", o.BearerTokenFile, "File with the bearer token for Prometheus.")
	fs.StringVar(&o.CAFile, "prometheus-ca-file", o.CAFile, "File with the certificate authority of Prometheus.")
	fs.StringVar(&o.Username, "prometheus-username", o.Username, "User for basic authentication at Prometheus; needs --prometheus-password-file.")
	fs.StringVar(&o.PasswordFile, "prometheus-password-file", o.PasswordFile, "File with the password of --prometheus-username.")
	fs.DurationVar(&o.Timeout, "prometheus-timeout", o.Timeout, "Bound on each query; 0 means that of --config, or 1m.")
	fs.StringVar(&o.JaegerURL, "jaeger-url", o.JaegerURL, "Base URL of Jaeger's query service, whose traces complete the graph of the mesh. Optional.")
	fs.StringVar(&o.Preset, "preset", o.Preset, fmt.Sprintf("Set of queries, one of %s; default that of --config, or %s.",
		strings.Join(telemetry.Presets(), ", "), telemetry.PresetIstio))
	fs.DurationVar(&o.RateWindow, "rate-window", o.RateWindow,
		"Range over which counters become rates; 0 means that of --config, or 1m, or one step if that is longer. Use the value of the adapter.")
	fs.StringSliceVar(&o.Namespaces, "namespace", o.Namespaces,
		"Namespace of the application (required). Repeat it for an application over several namespaces; services are then named namespace/name.")
	fs.StringSliceVar(&o.Services, "services", o.Services,
		"Workloads to read, comma-separated, as name or namespace/name; default every workload in the namespaces that received a request in the range.")
	fs.DurationVar(&o.Step, "step", o.Step, "Time between two rows of a service. Use that of the adapter.")
	fs.IntVar(&o.Columns, "columns", o.Columns, "Largest number of steps of one query. Queries for many services have fewer; lower it if queries take too long.")
	fs.IntVar(&o.Attempts, "attempts", o.Attempts, "Attempts for a query that fails for a transient reason.")
}

// Validate reports every invalid flag.
func (o *Options) Validate() error {
	var errs []error
	reject := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	reject(o.PrometheusURL == "" && o.ConfigFile == "", "--prometheus-url is required, for example http://localhost:9090, or a --config that has it")
	reject(len(o.Namespaces) == 0 || slices.ContainsFunc(o.Namespaces, func(n string) bool { return strings.TrimSpace(n) == "" }), "--namespace is required")
	reject(o.Out == "" && !o.ReadOnly, "--out is required, for example history.csv.gz")
	reject(o.Out != "" && !strings.HasSuffix(o.Out, ".csv") && !compressed(o.Out), "--out is %q, want a name that ends in .csv or .csv.gz", o.Out)
	reject(o.GraphOut != "" && !strings.HasSuffix(o.GraphOut, ".csv"), "--graph-out is %q, want a name that ends in .csv", o.GraphOut)
	reject(o.Out != "" && o.GraphOut != "" && filepath.Clean(o.Out) == filepath.Clean(o.GraphOut), "--graph-out and --out are both %q", o.Out)
	reject(o.JaegerURL != "" && o.GraphOut == "" && !o.ReadOnly, "--jaeger-url has no effect without --graph-out")
	reject((o.Username == "") != (o.PasswordFile == ""), "--prometheus-username and --prometheus-password-file go together")
	reject(o.Username != "" && o.BearerTokenFile != "", "--prometheus-username and --prometheus-bearer-token-file exclude each other")
	reject(o.Step <= 0 || o.Step%time.Millisecond != 0, "--step is %v, want a positive number of whole milliseconds", o.Step)
	reject(o.RateWindow < 0, "--rate-window is %v, want at least 0", o.RateWindow)
	reject(o.Timeout < 0, "--prometheus-timeout is %v, want at least 0", o.Timeout)
	reject(o.Columns < 1 || o.Columns > maxColumns, "--columns is %d, want 1 to %d", o.Columns, maxColumns)
	reject(o.Attempts < 1, "--attempts is %d, want at least 1", o.Attempts)
	reject(len(o.Features) == 0, "--features names none")
	return errors.Join(errs...)
}

func compressed(path string) bool { return strings.HasSuffix(path, ".csv.gz") }

// Config is everything Run needs.
type Config struct {
	telemetry  telemetry.Config
	namespaces []string            // sorted
	services   []estimator.Service // sorted; none to discover them
	features   []estimator.Feature
	step       time.Duration
	span       span

	seriesOut, graphOut string
	graph               bool // whether the graph is read
	columns, attempts   int
	overwrite           bool

	out  io.Writer
	now  func() time.Time
	wait waiter
}

// Config reads the configuration file and checks that everything fits together.
// Call it after [Options.Validate]. Progress, warnings and the summary go to out;
// now is the clock.
func (o *Options) Config(out io.Writer, now func() time.Time) (*Config, error) {
	c := &Config{
		step:      o.Step,
		seriesOut: o.Out,
		graphOut:  o.GraphOut,
		graph:     o.GraphOut != "" || o.ReadOnly,
		columns:   o.Columns,
		attempts:  o.Attempts,
		overwrite: o.Overwrite,
		out:       out,
		now:       now,
		wait:      sleep,
	}
	for _, n := range o.Namespaces {
		c.namespaces = append(c.namespaces, strings.TrimSpace(n))
	}
	slices.Sort(c.namespaces)
	c.namespaces = slices.Compact(c.namespaces)
	for _, f := range o.Features {
		c.features = append(c.features, estimator.Feature(f))
	}
	var err error
	if c.services, err = o.named(c.namespaces); err != nil {
		return nil, fmt.Errorf("--services: %w", err)
	}
	if c.span, err = parseSpan(o.Start, o.End, o.Step, now()); err != nil {
		return nil, err
	}
	if c.telemetry, err = o.telemetry(); err != nil {
		return nil, err
	}
	services := c.services
	if len(services) == 0 {
		services = []estimator.Service{{Namespace: c.namespaces[0], Name: "any"}}
	}
	if err := c.writable(services); err != nil {
		return nil, fmt.Errorf("--services and --features: %w", err)
	}
	// New checks what only a source can: queries against features, certificate
	// files, steps against the range of rates.
	source, err := telemetry.New(c.telemetry, c.features, o.Columns, o.Step)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	source.Close()
	return c, nil
}

// named returns the requested services, sorted. A bare name needs a single
// namespace.
func (o *Options) named(namespaces []string) ([]estimator.Service, error) {
	services, err := estimator.ParseServices(o.Services)
	if err != nil {
		return nil, err
	}
	for i := range services {
		s := &services[i]
		switch {
		case s.Namespace == "" && len(namespaces) == 1:
			s.Namespace = namespaces[0]
		case s.Namespace == "":
			return nil, fmt.Errorf("%q is in one of several namespaces, want namespace/name", s.Name)
		case !slices.Contains(namespaces, s.Namespace):
			return nil, fmt.Errorf("the namespace of %q is not among --namespace", s)
		}
	}
	slices.SortFunc(services, estimator.Service.Compare)
	return services, nil
}

// writable reports services or features that a series cannot have.
func (c *Config) writable(services []estimator.Service) error {
	return history.Validate(estimator.NewWindow(services, c.features, 1, c.step, c.span.first))
}

// telemetry returns the configuration of the file, if any, overridden by the
// flags.
func (o *Options) telemetry() (telemetry.Config, error) {
	cfg := telemetry.DefaultConfig()
	cfg.Prometheus.Timeout = defaultTimeout
	cfg.Prometheus.MaxResponseBytes = defaultResponse
	cfg.RateWindow, cfg.ScrapeInterval = max(cfg.RateWindow, o.Step), 0
	if o.ConfigFile != "" {
		if err := load(o.ConfigFile, &cfg); err != nil {
			return cfg, err
		}
	}
	set(&cfg.Prometheus.URL, o.PrometheusURL)
	set(&cfg.Prometheus.Timeout, o.Timeout)
	set(&cfg.Jaeger.URL, o.JaegerURL)
	set(&cfg.Preset, o.Preset)
	set(&cfg.RateWindow, o.RateWindow)
	cfg.ScrapeInterval = cmp.Or(cfg.ScrapeInterval, cfg.LongestScrapeInterval())
	http := &cfg.Prometheus.HTTP
	set(&http.TLSConfig.CAFile, o.CAFile)
	if o.Username != "" || o.BearerTokenFile != "" {
		http.BasicAuth, http.Authorization, http.OAuth2 = nil, nil, nil
	}
	if o.Username != "" {
		http.BasicAuth = &config.BasicAuth{Username: o.Username, PasswordFile: o.PasswordFile}
	}
	if o.BearerTokenFile != "" {
		http.Authorization = &config.Authorization{Type: "Bearer", CredentialsFile: o.BearerTokenFile}
	}
	if len(o.Queries) > 0 {
		cfg.Queries = maps.Clone(cfg.Queries)
		if cfg.Queries == nil {
			cfg.Queries = map[string]string{}
		}
		maps.Copy(cfg.Queries, o.Queries)
	}
	if err := cfg.Validate(); err != nil {
		return cfg, fmt.Errorf("telemetry: %w", err)
	}
	return cfg, nil
}

// set replaces a value by a given one.
func set[T comparable](there *T, given T) {
	var none T
	if given != none {
		*there = given
	}
}
