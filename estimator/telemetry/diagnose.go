package telemetry

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// The reasons for missing data that one more query can find: the [Error.Reason]
// of [NoData] and [Stale].
const (
	// Absent is a metric without any series on the server.
	Absent Kind = "the server does not have the metric"
	// Elsewhere is a metric without series in the application's namespaces.
	Elsewhere Kind = "the metric has no series in the namespace"
	// Sparse is a metric whose samples are too far apart for the rate window.
	Sparse Kind = "the metric is sampled too rarely for rateWindow"
	// Relabelled is a metric whose labels name its exporter instead of the
	// application.
	Relabelled Kind = "the labels of the metric are those of its exporter"
	// Waypoints are requests that only waypoints of an ambient mesh count.
	Waypoints Kind = "only waypoints count the requests"
	// Callers are requests that only the proxies of callers count.
	Callers Kind = "only the callers count the requests"
	// Unbounded are containers without limits and requests.
	Unbounded Kind = "the containers have no limits or requests"
	// Unused are containers whose usage is not measured.
	Unused Kind = "the usage of the containers is not measured"
	// Native are histograms without the series that the query asks for.
	Native Kind = "the histograms are native"
	// Late are samples that arrive after the end of the window.
	Late Kind = "samples arrive late"
)

const (
	// lookBack is the range of the search for the metric.
	lookBack = 10 * time.Minute
	// diagnosisSteps is the number of steps for which a reason is valid.
	diagnosisSteps = 10
)

// diagnosis is the reason for missing data.
type diagnosis struct {
	at     time.Time
	reason Kind
	detail string
}

// diagnoses stores them by feature and namespaces.
type diagnoses struct {
	mu    sync.Mutex
	known map[string]diagnosis
}

// explainLack adds to e the reason why the answer to q is empty or stale.
func (s *Source) explainLack(ctx context.Context, q question, e *Error, services []estimator.Service) {
	namespaces := namespacesOf(services)
	key := q.feature + " " + strings.Join(namespaces, " ")
	d := s.diagnosed(ctx, q, key, namespaces)
	if e.Kind == Stale {
		if d.reason != Sparse {
			d = diagnosis{} // there are samples, only not to the end
		}
		if s.lags.constant(key, q.during.End, e.lag) && d.reason == "" {
			d = diagnosis{reason: Late, detail: fmt.Sprintf("the newest are always %v old: set prometheus.offset to %v", e.lag, e.lag)}
		}
	}
	e.Reason = d.reason
	if d.detail != "" {
		e.Detail += ": " + d.detail
	}
}

// diagnosed returns the reason why the answer to q is empty: the stored one
// under key, or that of one more query.
func (s *Source) diagnosed(ctx context.Context, q question, key string, namespaces []string) diagnosis {
	s.diagnoses.mu.Lock()
	d, known := s.diagnoses.known[key]
	s.diagnoses.mu.Unlock()
	if age := q.during.End.Sub(d.at); known && age >= 0 && age < diagnosisSteps*s.step {
		return d
	}
	switch seen, err := s.sightings(ctx, q); {
	case errors.Is(err, errNoMetric):
		d = diagnosis{}
	case err != nil:
		return diagnosis{detail: "the query for the reason failed: " + Explain(err)}
	case s.nativeSeen(q, namespaces, seen):
		d = diagnosis{reason: Native, detail: "the histogram has no series _sum and _count"}
	default:
		d = s.diagnose(q, namespaces, seen)
	}
	d.at = q.during.End
	s.diagnoses.mu.Lock()
	defer s.diagnoses.mu.Unlock()
	s.diagnoses.known[key] = d
	return d
}

// lags stores the age of the newest samples, by feature and namespaces.
type lags struct {
	mu    sync.Mutex
	known map[string]lag
}

type lag struct {
	end  time.Time
	late time.Duration
}

// constant reports whether the newest samples were equally old in an earlier
// window. Then they come late, whereas after the end of scraping they become
// older and older.
func (l *lags) constant(key string, end time.Time, late time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.known[key]
	if !known || end.After(before.end) {
		l.known[key] = lag{end, late}
	}
	return known && end.After(before.end) && before.late == late
}

// metricName finds the metrics in a query.
var metricName = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{`)

// sighting is a metric with labels, and its samples in the searched range.
type sighting struct {
	metric  string
	labels  model.Metric
	samples float64
}

// errNoMetric is the error for a custom query without a recognised metric.
var errNoMetric = errors.New("no metric is selected with braces")

// sightings finds the metrics of q under any labels.
func (s *Source) sightings(ctx context.Context, q question) ([]sighting, error) {
	var metrics []string
	for _, m := range metricName.FindAllStringSubmatch(q.promql, -1) {
		metrics = append(metrics, m[1])
		if stem, ok := strings.CutSuffix(m[1], "_sum"); ok {
			metrics = append(metrics, stem) // a native histogram
		}
	}
	if len(metrics) == 0 {
		return nil, errNoMetric
	}
	slices.Sort(metrics)
	by := []string{"namespace", "exported_namespace", "reporter"}
	if !slices.Contains(by, s.traffic.namespace) {
		by = append(by, s.traffic.namespace)
	}
	var each []string
	for _, metric := range slices.Compact(metrics) {
		// count_over_time drops the name of the metric.
		each = append(each, fmt.Sprintf(`label_replace(max by (%s) (count_over_time(%s{%s}[%s])), "metric", %q, "", "")`,
			join(by), metric, strings.TrimPrefix(s.matchers, ","), model.Duration(lookBack), metric))
	}
	look := question{q.feature, strings.Join(each, " or "), instant(q.during.End)}
	value, _, err := s.ask(ctx, look)
	if err != nil {
		return nil, err
	}
	vector, _ := value.(model.Vector)
	var seen []sighting
	for _, sample := range vector {
		if sample != nil {
			seen = append(seen, sighting{string(sample.Metric["metric"]), sample.Metric, float64(sample.Value)})
		}
	}
	slices.SortFunc(seen, func(a, b sighting) int { return strings.Compare(a.metric, b.metric) })
	return seen, nil
}

// diagnose returns the reason why q finds nothing although these series exist.
func (s *Source) diagnose(q question, namespaces []string, seen []sighting) diagnosis {
	names := func(m model.Metric, label string) bool {
		return slices.Contains(namespaces, string(m[model.LabelName(label)]))
	}
	var ours, exported []sighting
	reporters := map[string]bool{}
	for _, row := range seen {
		switch {
		case names(row.labels, "exported_namespace"):
			exported = append(exported, row)
		case names(row.labels, "namespace"), names(row.labels, s.traffic.namespace):
			ours = append(ours, row)
			reporters[string(row.labels["reporter"])] = true
		}
	}
	usage := func(row sighting) bool {
		return strings.HasPrefix(row.metric, "container_") && !strings.HasPrefix(row.metric, "container_spec_")
	}
	utilisation := q.feature == string(estimator.CPU) || q.feature == string(estimator.Memory)
	used := slices.ContainsFunc(ours, usage)
	allowed := slices.ContainsFunc(ours, func(row sighting) bool { return !usage(row) })
	// A rate needs samples at both ends of its window, a gauge one in each half.
	longest := s.rateWindow / 2
	if q.feature == string(estimator.Requests) {
		longest = s.edge()
	}
	rarest := sighting{samples: float64(lookBack / time.Millisecond)}
	for _, row := range ours {
		if row.samples < rarest.samples {
			rarest = row
		}
	}

	switch {
	case len(seen) == 0:
		return diagnosis{reason: Absent, detail: fmt.Sprintf("no series of any metric in the query in the last %v: is it scraped by this server, and is preset %s the right one?", lookBack, s.preset)}
	case len(exported) > 0 && (len(ours) == 0 || utilisation && !(used && allowed)):
		return diagnosis{reason: Relabelled, detail: exported[0].metric + " has the namespace in exported_namespace: set honor_labels: true where its exporter is scraped"}
	case len(ours) == 0:
		return diagnosis{reason: Elsewhere, detail: fmt.Sprintf("%s exists, but not with the labels in the query", seen[0].metric)}
	case utilisation && !used:
		return diagnosis{reason: Unused, detail: "there are limits or requests, but no usage from cAdvisor"}
	case utilisation && !allowed:
		return diagnosis{reason: Unbounded, detail: "there is usage, but no limit and no request of a container from cAdvisor or kube-state-metrics"}
	case reporters["waypoint"] && !reporters["destination"] && s.preset != PresetIstioAmbient:
		return diagnosis{reason: Waypoints, detail: fmt.Sprintf(`series have reporter="waypoint": set preset %s`, PresetIstioAmbient)}
	case reporters["source"] && !reporters["destination"]:
		return diagnosis{reason: Callers, detail: `series have reporter="source" alone: the service has no proxy of its own, or it is not scraped`}
	case rarest.samples*longest.Seconds() < lookBack.Seconds():
		every := time.Duration(lookBack.Seconds() / rarest.samples * float64(time.Second)).Round(time.Second)
		return diagnosis{reason: Sparse, detail: fmt.Sprintf("%s has a sample about every %v: set scrapeInterval to that or, if it is a gauge, rateWindow to at least %v", rarest.metric, every, 2*every)}
	}
	return diagnosis{}
}

// nativeSeen reports whether a histogram of the query exists in one of the
// namespaces without _sum.
func (s *Source) nativeSeen(q question, namespaces []string, seen []sighting) bool {
	found := false
	for _, row := range seen {
		if !slices.Contains(namespaces, string(row.labels[model.LabelName(s.traffic.namespace)])) {
			continue
		}
		if strings.HasSuffix(row.metric, "_sum") {
			return false
		}
		found = found || strings.Contains(q.promql, row.metric+"_sum{")
	}
	return found
}

func namespacesOf(services []estimator.Service) []string {
	var namespaces []string
	for _, s := range services {
		namespaces = append(namespaces, s.Namespace)
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}
