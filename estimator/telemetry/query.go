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

// Query is what the text/template of a PromQL query may refer to.
//
// The query of a feature is a range query. It returns one series for each
// service, labelled namespace and workload; other labels and other services do
// no harm, two series for one service are an error. Plain selectors find a
// vanished gauge for five minutes more, so wrap them:
// last_over_time(x[{{.RateWindow}}]).
//
// The query named [CallsQuery] is an instant query. It returns calls per
// second over {{.Span}}, one series for each edge, labelled
// source_workload_namespace, source_workload, destination_workload_namespace
// and destination_workload.
type Query struct {
	// Namespaces is a regular expression that matches the namespaces of the
	// services, escaped for use inside double quotes:
	// namespace=~"{{.Namespaces}}".
	Namespaces string
	// RateWindow is [Config.RateWindow] as a PromQL duration: rate(x[{{.RateWindow}}]).
	RateWindow string
	// HalfRateWindow is half of that.
	HalfRateWindow string
	// Step is the time between two samples (Δ), as a PromQL duration.
	Step string
	// Span is the length of the window (τ·Δ, at least RateWindow), as a PromQL
	// duration.
	Span string
	// Containers are label matchers for the containers of cAdvisor metrics that
	// belong to the service itself: x{pod!="", {{.Containers}}}. They leave out
	// the cgroup of the pod as a whole and its pause container, which would
	// count everything twice, and the istio-proxy sidecar, whose CPU limit (2
	// cores by default) would hide that the service's own container is
	// saturated.
	Containers string
	// Workload is a regular expression, escaped for double quotes, whose first
	// group is the workload to which a pod name belongs:
	// label_replace(x, "workload", "$1", "pod", "{{.Workload}}").
	Workload string
}

const containers = `container!="",container!="POD",container!="istio-proxy"`

// workloadOfPod takes the name of the workload from the name of a pod.
//
// A Deployment's pod is <deployment>-<hash of the ReplicaSet>-<random>, both
// in the alphabet of k8s.io/apimachinery/pkg/util/rand, which has no vowels
// and no 0, 1 and 3. The hash is a 32-bit number in decimal, so up to ten
// characters, the random part has five. A StatefulSet's pod is
// <statefulset>-<ordinal>. The group is lazy and the Deployment comes first:
// of web-5d4f8-22222 it is web and not web-5d4f8 that is the workload.
const workloadOfPod = `(.+?)(?:-[bcdfghjklmnpqrstvwxz2456789]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}|-[0-9]+)`

func newQuery(services []estimator.Service, rateWindow, step, span time.Duration) Query {
	var namespaces []string
	for _, s := range services {
		if !slices.Contains(namespaces, s.Namespace) {
			namespaces = append(namespaces, s.Namespace)
		}
	}
	slices.Sort(namespaces)
	for i, n := range namespaces {
		namespaces[i] = regexp.QuoteMeta(n)
	}
	return Query{
		Namespaces:     escape(strings.Join(namespaces, "|")),
		RateWindow:     model.Duration(rateWindow).String(),
		HalfRateWindow: model.Duration(rateWindow / 2).String(),
		Step:           model.Duration(step).String(),
		Span:           model.Duration(max(span, rateWindow)).String(),
		Containers:     containers,
		Workload:       escape(workloadOfPod),
	}
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
	slices.Sort(known)
	for _, name := range slices.Sorted(maps.Keys(cfg.Queries)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("queries.%s: no such feature, want one of %q", name, slices.Compact(known))
		}
	}
	maps.Copy(texts, cfg.Queries)

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
