package check

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// telemetry reads a window as the adapter does, of all workloads of the namespace.
func (c *Checker) telemetry(ctx context.Context, file *config.Adapter, a scaled) *section {
	s := &section{name: "telemetry"}
	if file == nil || len(a.services) == 0 {
		s.add(Unknown, "window", "", "no Prometheus or no workloads are known")
		return s
	}
	source, err := telemetry.New(file.Telemetry, estimator.DefaultFeatures(), file.Window, file.Step)
	if err != nil {
		s.add(Unknown, "window", "files of the adapter's pod are not here: give --config with yours, or --prometheus-url", "%v", err)
		return s
	}
	defer source.Close()
	now := c.Now()
	w, findings, err := source.Read(ctx, telemetry.Range{
		Services: a.services, End: now.Add(-file.Telemetry.Prometheus.Offset), Steps: file.Window, Calls: true, Checks: true,
	})
	if err != nil {
		c.unread(s, err)
		return s
	}
	s.add(OK, "window", "", "Prometheus answers: %d steps of %v for %d workloads", w.Steps, w.Step, len(w.Services))
	for _, f := range findings {
		s.finding(w, f)
	}
	for n := range w.Services {
		s.items = append(s.items, ofService(w, n, source, now, a.follows[w.Services[n]]))
	}
	s.calls(w, file.Telemetry.Jaeger.URL != "")
	return s
}

// finding reports one about w, unless it is expected.
func (s *section) finding(w *estimator.Window, f *telemetry.Error) {
	i := Item{Section: s.name, Name: f.Feature, Status: Warning, Detail: f.Error(), Query: f.Query}
	if f.Detail != "" {
		i.Detail += ": " + f.Detail
	}
	switch warnings, err := telemetry.Require(w, []*telemetry.Error{f}); {
	case err != nil:
		i.Status = Failed
	case len(warnings) == 0:
		return
	}
	s.items = append(s.items, i)
}

// unread reports why there is no window. An address of the cluster need not be reachable
// from outside.
func (c *Checker) unread(s *section, err error) {
	if c.PrometheusURL == "" && (errors.Is(err, telemetry.Unreachable) || errors.Is(err, telemetry.TimedOut)) {
		s.add(Unknown, "window", "kubectl port-forward to Prometheus, and give --prometheus-url http://localhost:9090; the section plan has what the adapter reads",
			"cannot be read from here: %s", telemetry.Explain(err))
		return
	}
	s.add(Failed, "window", "", "%s", telemetry.Explain(err))
}

// required are the features without which there is no estimate.
var required = []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Requests}

// ofService reports the newest samples of a service. One that follows the metric needs
// all required features, not older than two steps.
func ofService(w *estimator.Window, n int, source *telemetry.Source, now time.Time, follows bool) Item {
	i := Item{Section: "telemetry", Name: w.Services[n].Name, Status: OK}
	var texts []string
	for k, feature := range w.Features {
		f := Feature{Name: string(feature), Source: source.Metrics(feature)}
		text, good := f.Name+" missing", false
		if age, ok := newest(w, n, k, now); ok {
			seconds := age.Seconds()
			f.AgeSeconds = &seconds
			text = fmt.Sprintf("%s %v", f.Name, age.Round(time.Second))
			good = age < 3*w.Step // the window ends up to one step ago
		}
		switch {
		case good || !slices.Contains(required, feature):
		case follows:
			i.Status = Failed
		case i.Status == OK:
			i.Status = Warning
		}
		i.Features = append(i.Features, f)
		texts = append(texts, text)
	}
	i.Detail = "age of the newest samples: " + strings.Join(texts, ", ")
	if i.Status != OK {
		i.Remedy = "the workload needs requests in the mesh, CPU limits or requests, and a scrape of its pods and nodes: see docs/configuration.md#queries"
	}
	return i
}

// newest returns the age of the last sample of a feature of a service, and whether there is one.
func newest(w *estimator.Window, n, feature int, now time.Time) (time.Duration, bool) {
	for t := w.Steps - 1; t >= 0; t-- {
		if !math.IsNaN(w.At(n, t, feature)) {
			return now.Sub(w.Time(t)), true
		}
	}
	return 0, false
}

// calls reports the call graph of w.
func (s *section) calls(w *estimator.Window, traces bool) {
	from := "the mesh"
	if traces {
		from += " and Jaeger"
	}
	if w.Calls == nil || len(w.Calls.Calls) == 0 {
		s.items = append(s.items, Item{Section: "calls", Name: "call graph", Status: Warning, Detail: "unknown: " + from + " has no calls between the workloads",
			Remedy: "each service is estimated as if it were alone; set telemetry.jaeger.url, or a preset whose mesh counts callers"})
		return
	}
	edges, between := len(w.Calls.Calls), 0
	connected := map[int]bool{}
	for _, call := range w.Calls.Calls {
		connected[call.Destination] = true
		if call.Source != estimator.Outside {
			connected[call.Source] = true
			between++
		}
	}
	var alone []string
	for n, service := range w.Services {
		if !connected[n] {
			alone = append(alone, service.Name)
		}
	}
	i := Item{Section: "calls", Name: "call graph", Status: OK, Detail: fmt.Sprintf("%d edges from %s, %d of them between the workloads", edges, from, between)}
	if len(alone) > 0 {
		i.Detail += "; without any call: " + strings.Join(alone, ", ")
	}
	s.items = append(s.items, i)
}
