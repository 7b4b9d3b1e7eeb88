package telemetry

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
)

// Config has the sources of telemetry. Decode it over [DefaultConfig], so that
// omitted fields keep their defaults.
type Config struct {
	// Prometheus is the server that holds the metrics; its URL is required.
	Prometheus Prometheus `yaml:"prometheus"`
	// Jaeger is the tracing backend with the invocation graph. Optional.
	Jaeger Jaeger `yaml:"jaeger"`
	// Preset names the set of queries to start from, see [Presets].
	Preset string `yaml:"preset"`
	// Queries replaces queries of the preset, by feature name, or [CallsQuery]
	// for the invocation graph. See [Query] for the fields and results of a
	// template.
	Queries map[string]string `yaml:"queries,omitempty"`
	// IgnoredContainers are names of containers that do not count for cpu and
	// memory, such as sidecars of the mesh.
	IgnoredContainers []string `yaml:"ignoredContainers,omitempty"`
	// ScrapeInterval is the time between two samples of a series. Other
	// defaults follow from it, see [ConfigFor]. A rate is missing unless there are
	// samples at both ends of its window, within a scrape interval and a tenth.
	ScrapeInterval time.Duration `yaml:"scrapeInterval"`
	// RateWindow is the range of rates of counters, and the time for which a
	// gauge outlives its last sample. It must span at least two scrapes, so at
	// least twice the scrape interval; three times splits the gap of a lost scrape in two. A
	// rate is as old as half of it, so longer ones react later. Whole
	// milliseconds, at least 1s and at least one step.
	RateWindow time.Duration `yaml:"rateWindow"`
}

// DefaultScrapeInterval is that of Prometheus as Istio installs it.
const DefaultScrapeInterval = 15 * time.Second

// scrapesPerRate is the number of scrape intervals in a rate. Two samples make
// a rate. A lost scrape leaves a gap of two steps, which estimates bridge,
// whereas a longer window would delay every rise.
const scrapesPerRate = 2

// Prometheus has the access to a server with the Prometheus HTTP API v1
// (Prometheus itself, Thanos, Mimir, VictoriaMetrics).
type Prometheus struct {
	// URL is the base URL, without /api/v1.
	URL string `yaml:"url"`
	// Parameters are added to the URL of every request, such as
	// partial_response: "false" (Thanos), dedup: "true", or
	// deny_partial_response: "1" (VictoriaMetrics).
	Parameters map[string]string `yaml:"parameters,omitempty"`
	// Matchers are labels with required values in every query of the presets.
	// They select, for instance, one cluster of several in a common backend.
	Matchers map[string]string `yaml:"matchers,omitempty"`
	// Offset is the time between the end of a window and its query, for
	// backends whose newest samples come late. The lead time grows by it. Whole
	// milliseconds.
	Offset time.Duration `yaml:"offset"`
	// Timeout bounds each query, at the server and in total.
	Timeout time.Duration `yaml:"timeout"`
	// MaxResponseBytes bounds the answer to one query. A service takes about
	// 0.5 kB in it at 12 steps.
	MaxResponseBytes int64 `yaml:"maxResponseBytes"`
	// MaxConcurrentQueries bounds the queries at a time, of all applications
	// together. Prometheus answers 20 at a time by default.
	MaxConcurrentQueries int `yaml:"maxConcurrentQueries"`
	// HTTP holds TLS, authentication and proxy settings.
	HTTP HTTPClientConfig `yaml:"http"`
}

// Jaeger has the access to the query service of Jaeger.
type Jaeger struct {
	// URL is the base URL, without /api/dependencies. If empty, the graph comes
	// from mesh metrics alone.
	URL string `yaml:"url"`
	// Timeout bounds the request for the invocation graph.
	Timeout time.Duration `yaml:"timeout"`
	// Lookback is the age up to which traces count. Storage that computes
	// dependencies in a daily job (Cassandra, Elasticsearch) needs 48h.
	Lookback time.Duration `yaml:"lookback"`
	// MaxResponseBytes bounds the answer.
	MaxResponseBytes int64 `yaml:"maxResponseBytes"`
	// HTTP holds TLS, authentication and proxy settings.
	HTTP HTTPClientConfig `yaml:"http"`
}

// DefaultConfig returns [ConfigFor] the default scrape interval.
func DefaultConfig() Config { return ConfigFor(DefaultScrapeInterval) }

// ConfigFor returns a configuration without the URL of Prometheus. Rates cover
// the shortest safe window for the given scrape interval.
func ConfigFor(scrapeInterval time.Duration) Config {
	return Config{
		Prometheus: Prometheus{
			Timeout:              10 * time.Second,
			MaxResponseBytes:     4 << 20,
			MaxConcurrentQueries: 16,
			HTTP:                 HTTPClientConfig{config.DefaultHTTPClientConfig},
		},
		Jaeger: Jaeger{
			Timeout:          5 * time.Second,
			Lookback:         time.Hour,
			MaxResponseBytes: 4 << 20,
			HTTP:             HTTPClientConfig{config.DefaultHTTPClientConfig},
		},
		Preset:            PresetIstio,
		IgnoredContainers: []string{"istio-proxy", "linkerd-proxy"},
		ScrapeInterval:    scrapeInterval,
		RateWindow:        scrapesPerRate * scrapeInterval,
	}
}

// LongestScrapeInterval is what holds where nobody states an interval: the default,
// or the longest of which RateWindow spans two.
func (c Config) LongestScrapeInterval() time.Duration {
	return max(DefaultScrapeInterval, c.RateWindow/2)
}

// Validate reports every fault of c. Each error starts with the path of the key
// inside c.
func (c *Config) Validate() error {
	var errs []error
	reject := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...)))
	}
	positive := func(key string, n int64) {
		if n <= 0 {
			reject(key, "must be more than 0")
		}
	}

	if c.Prometheus.URL == "" {
		reject("prometheus.url", "is required, for example http://prometheus.monitoring:9090")
	} else if err := validateURL(c.Prometheus.URL); err != nil {
		reject("prometheus.url", "%w", err)
	}
	positive("prometheus.timeout", int64(c.Prometheus.Timeout))
	positive("prometheus.maxResponseBytes", c.Prometheus.MaxResponseBytes)
	positive("prometheus.maxConcurrentQueries", int64(c.Prometheus.MaxConcurrentQueries))
	if c.Prometheus.Offset < 0 || c.Prometheus.Offset%time.Millisecond != 0 {
		reject("prometheus.offset", "is %v, want at least 0s and whole milliseconds", c.Prometheus.Offset)
	}
	for _, label := range slices.Sorted(maps.Keys(c.Prometheus.Matchers)) {
		if !model.LegacyValidation.IsValidLabelName(label) {
			reject("prometheus.matchers", "%q is not the name of a label", label)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Prometheus.Parameters)) {
		switch name {
		case "query", "time", "start", "end", "step", "timeout", "match[]":
			reject("prometheus.parameters", "%q is set by every query", name)
		}
	}
	if err := c.Prometheus.HTTP.Validate(); err != nil {
		reject("prometheus.http", "%w", err)
	}

	if c.Jaeger.URL != "" {
		if err := validateURL(c.Jaeger.URL); err != nil {
			reject("jaeger.url", "%w", err)
		}
		positive("jaeger.timeout", int64(c.Jaeger.Timeout))
		positive("jaeger.lookback", int64(c.Jaeger.Lookback))
		positive("jaeger.maxResponseBytes", c.Jaeger.MaxResponseBytes)
		if err := c.Jaeger.HTTP.Validate(); err != nil {
			reject("jaeger.http", "%w", err)
		}
	}

	if c.ScrapeInterval < time.Second || c.ScrapeInterval%time.Millisecond != 0 {
		reject("scrapeInterval", "is %v, want at least 1s and whole milliseconds", c.ScrapeInterval)
	}
	if c.RateWindow < time.Second || c.RateWindow%time.Millisecond != 0 {
		reject("rateWindow", "is %v, want at least 1s and whole milliseconds", c.RateWindow)
	}
	if _, ok := preset(c.Preset); !ok {
		reject("preset", "%q is not known, want one of %q", c.Preset, Presets())
	}
	for _, name := range slices.Sorted(maps.Keys(c.Queries)) {
		if _, err := parseQuery(name, c.Queries[name]); err != nil {
			reject("queries."+name, "%w", err)
		}
	}
	return errors.Join(errs...)
}

// validateURL does not repeat the URL in its errors, because it may contain a
// password.
func validateURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("is not a valid URL")
	case u.User != nil:
		return errors.New("must not hold credentials, put them under http.basic_auth")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("must look like http://host:port or https://host/path")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("must not have a query or a fragment")
	}
	return nil
}
