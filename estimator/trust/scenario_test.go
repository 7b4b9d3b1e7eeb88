package trust

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

var update = flag.Bool("update", false, "write the decisions of scenarios instead of comparing them")

// TestScenarios runs the scripts in testdata: a load and a model in, decisions out. A
// script has one setting per line:
//
//	slo 100ms               of the entry, which is the first service
//	steps 80                of the whole time; a window has the last 60 of them
//	service web 100 60:200  requests per second, and from a step on on a straight line to it
//	pods web 5              replicas all the time, instead of what is needed
//	model 1.0               forecasts so many times what is needed; "model 1.0 50:0.5"
//	                        changes at a step; also: one, fails, silent
//	outside 0.3             widths beyond the range of the training
//	show 60 70 80           the steps at which decisions are shown
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parse(string(archive.Files[0].Data))
			if err != nil {
				t.Fatal(err)
			}
			got := s.decide(t)
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "decisions", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
		})
	}
}

const (
	scenarioStep = 15 * time.Second
	look         = 60    // steps of a window
	cost         = 0.007 // replicas for a request per second at the utilisation that is planned
	aimed        = 0.7
)

// scenario is a parsed script.
type scenario struct {
	steps    int
	slo      time.Duration
	services []estimator.Service
	loads    []line
	pods     map[string]float64
	model    string
	factor   line
	outside  float64
	show     []int
}

// line is a number over steps: straight between its points.
type line []struct{ step, value float64 }

func (l line) at(step int) float64 {
	last := l[0]
	for _, p := range l[1:] {
		if x := float64(step); x < p.step {
			return last.value + (p.value-last.value)*max(0, x-last.step)/(p.step-last.step)
		}
		last = p
	}
	return last.value
}

func parseLine(fields []string) (l line, err error) {
	for i, f := range fields {
		at, value, found := strings.Cut(f, ":")
		if !found {
			at, value = "0", f
		}
		if found == (i == 0) {
			return nil, fmt.Errorf("the first of %q has no step, and the others have one", fields)
		}
		var p struct{ step, value float64 }
		if p.step, err = strconv.ParseFloat(at, 64); err == nil {
			p.value, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			return nil, err
		}
		l = append(l, p)
	}
	return l, nil
}

func parse(text string) (*scenario, error) {
	s := &scenario{pods: map[string]float64{}, model: "factor"}
	for row := range strings.Lines(text) {
		f := strings.Fields(row)
		if len(f) < 2 {
			continue
		}
		var err error
		switch f[0] {
		case "slo":
			s.slo, err = time.ParseDuration(f[1])
		case "steps":
			s.steps, err = strconv.Atoi(f[1])
		case "service":
			var l line
			l, err = parseLine(f[2:])
			s.services, s.loads = append(s.services, estimator.Service{Namespace: "shop", Name: f[1]}), append(s.loads, l)
		case "pods":
			s.pods[f[1]], err = strconv.ParseFloat(f[2], 64)
		case "model":
			if s.factor, err = parseLine(f[1:]); err != nil {
				s.model, err = f[1], nil
			}
		case "outside":
			s.outside, err = strconv.ParseFloat(f[1], 64)
		case "show":
			for _, n := range f[1:] {
				var step int
				step, err = strconv.Atoi(n)
				s.show = append(s.show, step)
			}
		default:
			err = errors.New("unknown setting")
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", strings.TrimSpace(row), err)
		}
	}
	return s, nil
}

// window returns the telemetry up to a step. Every service calls the next one.
func (s *scenario) window(end int) *estimator.Window {
	steps := min(look, end)
	w := estimator.NewWindow(s.services, estimator.DefaultFeatures(), steps, scenarioStep, time.Unix(0, 0).UTC().Add(time.Duration(end)*scenarioStep))
	w.Calls = &estimator.CallGraph{}
	for n, service := range s.services {
		for t := range steps {
			q := s.loads[n].at(end - steps + t)
			need := q * cost
			pods := math.Ceil(need)
			if fixed := s.pods[service.Name]; fixed > 0 {
				pods = fixed
			}
			busy := min(1, aimed*need/pods)
			copy(w.Row(n, t), []float64{pods, busy, 0.02 / max(0.02, 1-busy), q * min(1, pods/(aimed*need)), 0.3})
		}
		w.Calls.Calls = append(w.Calls.Calls, estimator.Call{Source: n - 1, Destination: n, Rate: s.loads[n].at(end - 1)})
	}
	return w
}

// Steps implements [Network].
func (*scenario) Steps() int { return 12 }

// EstimateAt implements [Network]. Higher quantiles are a replica more.
func (s *scenario) EstimateAt(_ context.Context, w *estimator.Window, steps []int, quantiles []float64) ([][]*estimator.Forecast, error) {
	if s.model == "fails" {
		return nil, errors.New("its weights have diverged")
	}
	all := make([][]*estimator.Forecast, len(steps))
	for i, n := range steps {
		all[i] = make([]*estimator.Forecast, len(quantiles))
		if n < s.Steps() || s.model == "silent" {
			continue
		}
		end := int(w.Time(n-1).Unix() / int64(scenarioStep.Seconds()))
		for k := range quantiles {
			f := estimator.NewForecast(w.Services, 4, w.Step)
			for row := range s.services {
				for h := range f.Horizon {
					v := 1.0
					if s.model == "factor" {
						v = s.factor.at(end)*s.loads[row].at(end+h)*cost + float64(k)
					}
					f.Set(row, h, v)
				}
			}
			all[i][k] = f
		}
	}
	return all, nil
}

// Outside implements [Network].
func (s *scenario) Outside(w *estimator.Window) ([]float64, error) {
	out := make([]float64, len(w.Services))
	for n := range out {
		out[n] = s.outside
	}
	return out, nil
}

// decide returns the decisions as text.
func (s *scenario) decide(t *testing.T) string {
	t.Helper()
	q := queueing.DefaultConfig()
	q.SLO = s.slo
	hab, err := queueing.NewHAB(q)
	if err != nil {
		t.Fatal(err)
	}
	scheduler := &Scheduler{Config: ConfigOf(q, plan.DefaultConfig(), 0), Network: s, Rest: []estimator.Estimator{hab}}
	if s.model == "none" {
		scheduler.Network = nil
	}
	if err := scheduler.Validate(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, end := range s.show {
		w := s.window(end)
		f, origin, v, err := scheduler.EstimateFrom(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "step %d: trust %.2f, %s: %s\n", end, v.Trust, v.Level, v.Reason)
		for _, h := range v.Hindcasts {
			fmt.Fprintf(&out, "  from step %d: %.0f missing, %.0f spare of %.0f; queueing theory %.0f and %.0f\n",
				h.Made.Unix()/int64(scenarioStep.Seconds()), h.Model.Missing, h.Model.Spare, h.Needed, h.Baseline.Missing, h.Baseline.Spare)
		}
		c := plan.DefaultConfig()
		c.ScaleIn = v.ScaleIn
		bounds := map[estimator.Service]plan.Bounds{}
		for _, service := range w.Services {
			bounds[service] = plan.Bounds{Min: 1, Max: 100}
		}
		made, err := plan.Make(c, f, bounds, plan.Observed{Window: w}, w.End)
		if err != nil {
			t.Fatal(err)
		}
		for n, service := range w.Services {
			d, _ := made.Decision(service)
			by := "queueing theory"
			if scheduler.Network != nil && origin.From[n] == 0 {
				by = "the model"
			}
			fmt.Fprintf(&out, "  %s has %.0f, gets %d for %.1f by %s, limit %s\n", service.Name, w.At(n, w.Steps-1, 0), d.Replicas, d.Need, by, d.Clamp)
		}
	}
	return out.String()
}
