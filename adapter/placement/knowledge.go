package placement

import (
	"math"
	"slices"
	"time"

	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
)

// report is what the adapter knows of the services of one namespace.
type report struct {
	namespace string
	made      time.Time
	step      time.Duration
	// desired are the replicas of each service by application, NaN if unknown.
	desired map[string]map[estimator.Service]float64
	calls   []link
	// affinity has no calls from outside.
	affinity []link
	// mentioned are other namespaces of the same applications.
	mentioned map[string]bool
}

// link is an edge; the source is the zero Service for calls from outside.
type link struct {
	application         string
	source, destination estimator.Service
	value               float64
}

func newReport(namespace string) *report {
	return &report{namespace: namespace, desired: map[string]map[estimator.Service]float64{}, mentioned: map[string]bool{}}
}

func (r *report) addDesired(items []external.ExternalMetricValue) {
	for _, i := range items {
		r.stamp(i)
		r.add(i.MetricLabels[discovery.ApplicationLabel],
			estimator.Service{Namespace: r.namespace, Name: i.MetricLabels[discovery.ServiceLabel]}, i.Value.AsApproximateFloat64())
	}
}

// links adds edges and their services. Those with names that nobody can have are left out.
func (r *report) links(items []external.ExternalMetricValue) (links []link) {
	for _, i := range items {
		l := link{application: i.MetricLabels[discovery.ApplicationLabel], value: i.Value.AsApproximateFloat64()}
		destination, err := estimator.ParseService(i.MetricLabels[discovery.DestinationLabel])
		if err != nil || !(l.value > 0) {
			continue
		}
		l.destination = destination
		if text := i.MetricLabels[discovery.SourceLabel]; text != "" {
			if l.source, err = estimator.ParseService(text); err != nil {
				continue
			}
			r.add(l.application, l.source, math.NaN())
		}
		r.stamp(i)
		r.add(l.application, l.destination, math.NaN())
		links = append(links, l)
	}
	return links
}

func (r *report) add(application string, s estimator.Service, desired float64) {
	if r.desired[application] == nil {
		r.desired[application] = map[estimator.Service]float64{}
	}
	if _, known := r.desired[application][s]; !known || !math.IsNaN(desired) {
		r.desired[application][s] = desired
	}
	if s.Namespace != r.namespace {
		r.mentioned[s.Namespace] = true
	}
}

func (r *report) stamp(i external.ExternalMetricValue) {
	if i.Timestamp.After(r.made) {
		r.made = i.Timestamp.Time
	}
	if i.WindowSeconds != nil {
		r.step = time.Duration(*i.WindowSeconds) * time.Second
	}
}

// knowledge is what is known of all services. It is immutable.
type knowledge struct {
	services map[estimator.Service]*application
}

// application is the services that are placed together. It is immutable.
type application struct {
	name     string
	made     time.Time
	step     time.Duration
	services []estimator.Service
	index    map[estimator.Service]int
	needed   []float64
	calls    []estimator.Call
	affinity []estimator.Edge
}

// fresh reports whether the plan still counts: for two steps, as it does for autoscalers.
func (a *application) fresh(now time.Time) bool {
	age := now.Sub(a.made)
	return age <= 2*a.step+slack && age >= -2*a.step-slack
}

func newKnowledge(reports []*report) *knowledge {
	byName := map[string]*application{}
	desired := map[string]map[estimator.Service]float64{}
	for _, r := range reports {
		for name, services := range r.desired {
			a := byName[name]
			if a == nil {
				a = &application{name: name, made: r.made, step: r.step, index: map[estimator.Service]int{}}
				byName[name], desired[name] = a, map[estimator.Service]float64{}
			}
			// The oldest part counts.
			if r.made.Before(a.made) {
				a.made = r.made
			}
			for s, n := range services {
				if _, known := desired[name][s]; !known || !math.IsNaN(n) {
					desired[name][s] = n
				}
			}
		}
	}
	k := &knowledge{services: map[estimator.Service]*application{}}
	for name, a := range byName {
		for s := range desired[name] {
			a.services = append(a.services, s)
		}
		slices.SortFunc(a.services, estimator.Service.Compare)
		for i, s := range a.services {
			a.index[s] = i
			a.needed = append(a.needed, desired[name][s])
			k.services[s] = a
		}
	}
	for _, r := range reports {
		for _, l := range r.calls {
			if a := byName[l.application]; a != nil {
				a.calls = append(a.calls, estimator.Call{Source: a.position(l.source), Destination: a.index[l.destination], Rate: l.value})
			}
		}
		for _, l := range r.affinity {
			if a := byName[l.application]; a != nil && a.position(l.source) >= 0 {
				a.affinity = append(a.affinity, estimator.Edge{Source: a.position(l.source), Destination: a.index[l.destination], Weight: l.value})
			}
		}
	}
	return k
}

func (a *application) position(s estimator.Service) int {
	if s == (estimator.Service{}) {
		return estimator.Outside
	}
	return a.index[s]
}
