package telemetry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// checkSteps is the number of steps for which the result of a check is valid:
// checks make queries of their own, which must not burden every tick.
const checkSteps = 10

// checks stores the results of checks, by namespaces.
type checks struct {
	mu    sync.Mutex
	known map[string]checked
}

type checked struct {
	at       time.Time
	findings []*Error
}

// check looks for workloads that queries cannot tell apart and for pods that are
// not scraped, at most every tenth step. A failed check finds nothing: the
// queries of every window report a faulty server.
func (s *Source) check(ctx context.Context, w *estimator.Window, query Query) []*Error {
	key := query.Namespaces
	s.checks.mu.Lock()
	before, known := s.checks.known[key]
	s.checks.mu.Unlock()
	if age := w.End.Sub(before.at); known && age >= 0 && age < checkSteps*s.step {
		return before.findings
	}
	now := checked{at: w.End}
	now.findings = append(s.merged(ctx, w, query), s.unscraped(ctx, w, query)...)
	s.checks.mu.Lock()
	s.checks.known[key] = now
	s.checks.mu.Unlock()
	return now.findings
}

// deployments are the series that distinguish workloads.
const deployments = `last_over_time(kube_deployment_status_replicas_ready{namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.RateWindow}}])`

// merged finds Deployments that differ in a label that is not from the scrape,
// such as cluster.
func (s *Source) merged(ctx context.Context, w *estimator.Window, query Query) []*Error {
	q, vector := s.instantly(ctx, string(estimator.Replicas), deployments, query, w.End)
	first := map[estimator.Service]model.Metric{}
	for _, sample := range vector {
		service := serviceOf(sample.Metric, labelNamespace, "deployment")
		if _, ok := slices.BinarySearchFunc(w.Services, service, estimator.Service.Compare); !ok {
			continue
		}
		other, ok := first[service]
		if !ok {
			first[service] = sample.Metric
			continue
		}
		for _, label := range slices.Sorted(maps.Keys(sample.Metric)) {
			a, b := other[label], sample.Metric[label]
			if a == b || label == "pod" || label == "uid" || slices.Contains(scrapeLabels, string(label)) {
				continue
			}
			return []*Error{q.wrong(Merged, nil, "%s exists with %s=%q and %q: select one under prometheus.matchers", service, label, min(a, b), max(a, b))}
		}
	}
	return nil
}

// few is the number of requests in the rate window below which a pod may well
// have had none.
const few = 10

// unscraped finds services of which fewer pods report requests than were ready
// all the time, and that have enough of them for each.
func (s *Source) unscraped(ctx context.Context, w *estimator.Window, query Query) []*Error {
	r, rate := w.Channel(estimator.Replicas), w.Channel(estimator.Requests)
	if min(r, rate) < 0 || s.traffic.reporters != "" {
		return nil // waypoints report for all pods of a service
	}
	t := s.traffic
	q, vector := s.instantly(ctx, string(estimator.Requests), `count by (`+t.namespace+`, `+t.workload+`) (
  group by (`+t.namespace+`, `+t.workload+`, pod) (last_over_time(`+strings.Replace(t.selected(t.requests), "{", `{pod!="", `, 1)+`[{{.RateWindow}}])))`, query, w.End)
	var found []string
	for _, sample := range vector {
		service := serviceOf(sample.Metric, model.LabelName(t.namespace), model.LabelName(t.workload))
		n, ok := slices.BinarySearchFunc(w.Services, service, estimator.Service.Compare)
		if !ok {
			continue
		}
		ready := w.At(n, 0, r)
		for t := range w.Steps {
			ready = min(ready, w.At(n, t, r))
		}
		busy := w.At(n, w.Steps-1, rate)*s.rateWindow.Seconds() >= few*ready
		if busy && float64(sample.Value)+1 < ready {
			found = append(found, fmt.Sprintf("%v of %v of %s", sample.Value, ready, service))
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.Sort(found)
	return []*Error{q.wrong(Unscraped, nil, "%s do: are the proxies of all nodes and pods scraped?", strings.Join(found, ", "))}
}

// instantly returns the answer to an instant query, or nothing when it fails.
func (s *Source) instantly(ctx context.Context, feature, text string, query Query, end time.Time) (question, model.Vector) {
	q := question{feature: feature, during: instant(end)}
	t, err := parseQuery(feature, text)
	if err != nil {
		return q, nil
	}
	if q.promql, err = render(t, query); err != nil {
		return q, nil
	}
	value, _, err := s.ask(ctx, q)
	if err != nil {
		return q, nil
	}
	vector, _ := value.(model.Vector)
	return q, slices.DeleteFunc(vector, func(sample *model.Sample) bool { return sample == nil })
}
