package telemetry

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// CallsQuery is the name of the query that returns the invocation graph.
const CallsQuery = "calls"

// Query has the fields for the text/template of a PromQL query.
//
// The query of a feature is a range query. It returns one series for each
// service, labelled namespace and workload. Other labels and other services are
// ignored; two series for one service are an error. Plain selectors find a
// vanished gauge for five minutes more, so wrap them:
// last_over_time(x[{{.RateWindow}}]).
//
// The query named [CallsQuery] is an instant query. It returns calls per
// second over {{.Span}}, one series for each edge, labelled
// source_workload_namespace, source_workload, destination_workload_namespace
// and destination_workload.
type Query struct {
	// Namespaces is a regular expression for the namespaces of the services,
	// escaped for double quotes: namespace=~"{{.Namespaces}}".
	Namespaces string
	// RateWindow is [Config.RateWindow] as a PromQL duration: rate(x[{{.RateWindow}}]).
	RateWindow string
	// HalfRateWindow is half of that.
	HalfRateWindow string
	// Edge is a scrape interval and a tenth, as a PromQL duration, and BeforeEdge
	// the rest of RateWindow. A rate is right where there are samples at both ends
	// of its window: x[{{.Edge}}] and x[{{.Edge}}] offset {{.BeforeEdge}}.
	Edge, BeforeEdge string
	// Step is the time between two samples (Δ), as a PromQL duration.
	Step string
	// Span is the length of the window (τ·Δ, at least RateWindow), as a PromQL
	// duration.
	Span string
	// Matchers are those of prometheus.matchers with a comma before each, to
	// follow another matcher: x{pod!=""{{.Matchers}}}.
	Matchers string
	// Containers are label matchers for the containers of cAdvisor metrics that
	// belong to the service itself: x{pod!="", {{.Containers}}}. They leave out
	// the cgroup of the pod as a whole and its pause container, which would
	// count everything twice, and the containers of [Config.IgnoredContainers].
	Containers string
	// Workload is a regular expression, escaped for double quotes, whose first
	// group is the workload to which a pod name belongs:
	// label_replace(x, "workload", "$1", "pod", "{{.Workload}}").
	Workload string
	// Exceptions and EndExceptions enclose that label_replace. They set the
	// workload of pods with truncated or ambiguous names.
	Exceptions, EndExceptions string
}

// newQuery returns the template fields for a range of the given length.
func (s *Source) newQuery(services []estimator.Service, span time.Duration) Query {
	var namespaces []string
	for _, service := range services {
		if !slices.Contains(namespaces, service.Namespace) {
			namespaces = append(namespaces, service.Namespace)
		}
	}
	slices.Sort(namespaces)
	for i, n := range namespaces {
		namespaces[i] = regexp.QuoteMeta(n)
	}
	edge := s.edge()
	q := Query{
		Namespaces:     escape(strings.Join(namespaces, "|")),
		RateWindow:     model.Duration(s.rateWindow).String(),
		HalfRateWindow: model.Duration(s.rateWindow / 2).String(),
		Edge:           model.Duration(edge).String(),
		BeforeEdge:     model.Duration(s.rateWindow - edge).String(),
		Step:           model.Duration(s.step).String(),
		Span:           model.Duration(max(span, s.rateWindow)).String(),
		Matchers:       s.matchers,
		Containers:     s.containers,
		Workload:       escape(workloadOfPod),
	}
	q.exceptions(services)
	return q
}

// matchersOf returns matchers with a comma before each, in the order of labels.
func matchersOf(equal map[string]string) string {
	var b strings.Builder
	for _, label := range slices.Sorted(maps.Keys(equal)) {
		fmt.Fprintf(&b, ",%s=%q", label, equal[label])
	}
	return b.String()
}

// containersOf returns the matchers for all containers but the ignored ones.
func containersOf(ignored []string) string {
	matchers := `container!="",container!="POD"`
	if len(ignored) == 0 {
		return matchers
	}
	names := make([]string, len(ignored))
	for i, name := range ignored {
		names[i] = regexp.QuoteMeta(name)
	}
	return matchers + `,container!~"` + escape(strings.Join(names, "|")) + `"`
}

// escape returns s as it is written between double quotes in PromQL, which has
// Go's escapes.
func escape(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

// parseQueries returns the templates of the features and of [CallsQuery], from
// cfg.Queries or else from the preset.
func parseQueries(cfg Config, features []estimator.Feature) (map[string]*template.Template, error) {
	texts, _ := preset(cfg.Preset)
	wanted := names(features)
	known := append(slices.Collect(maps.Keys(texts)), wanted...)
	known = slices.DeleteFunc(known, func(name string) bool { return name == nativeLatency })
	slices.Sort(known)
	for _, name := range slices.Sorted(maps.Keys(cfg.Queries)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("queries.%s: no such feature, want one of %q", name, slices.Compact(known))
		}
	}
	maps.Copy(texts, cfg.Queries)

	if _, own := cfg.Queries[string(estimator.Latency)]; !own && slices.Contains(wanted, string(estimator.Latency)) {
		wanted = append(wanted, nativeLatency)
	}

	queries := make(map[string]*template.Template, len(wanted))
	for _, name := range wanted {
		if _, ok := queries[name]; ok {
			return nil, fmt.Errorf("feature %q occurs twice", name)
		}
		text, ok := texts[name]
		if !ok {
			return nil, fmt.Errorf("queries.%s: is required, preset %q has no query for this feature", name, cfg.Preset)
		}
		t, err := parseQuery(name, text)
		if err != nil {
			return nil, fmt.Errorf("queries.%s: %w", name, err)
		}
		queries[name] = t
	}
	return queries, nil
}

// names returns the names of all queries that a window of the features takes.
func names(features []estimator.Feature) []string {
	out := make([]string, 0, len(features)+1)
	for _, f := range features {
		out = append(out, string(f))
	}
	return append(out, CallsQuery)
}

func parseQuery(name, text string) (*template.Template, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("is empty")
	}
	t, err := template.New(name).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("is not a valid template: %w", err)
	}
	if err := t.Execute(io.Discard, Query{}); err != nil {
		return nil, fmt.Errorf("is not a valid template: %w", err)
	}
	return t, nil
}

// edge returns [Query.Edge].
func (s *Source) edge() time.Duration {
	return (min(s.scrapeInterval, s.rateWindow/2) * 11 / 10).Truncate(time.Millisecond)
}
