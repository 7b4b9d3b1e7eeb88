// Package report writes the result of an experiment as one self-contained page for a
// browser.
package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"gonum.org/v1/plot/vg"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

//go:embed report.html
var page string

// scene is what the page shows of one application under one load.
type scene struct {
	Title      string
	Difficulty string
	Legend     []entry
	Tables     []experiment.Table
	Frontier   template.HTML
	Cumulative []template.HTML
	Response   []template.HTML
	Services   []service
	Graphs     []graph
}

// entry is an autoscaler and the colour of its curves.
type entry struct {
	Name  string
	Color template.CSS
}

// service is the replicas of one service under each autoscaler.
type service struct {
	Name  string
	Plots []template.HTML
}

// graph is what one autoscaler learned.
type graph struct {
	Name string
	Plot template.HTML
}

// Write writes the page.
func Write(r *experiment.Result, w io.Writer) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return fmt.Errorf("read the template of the report: %w", err)
	}
	data := struct {
		Command string
		Scenes  []scene
	}{Command: r.Command}
	colors := map[string]int{}
	for _, run := range r.Runs {
		if _, known := colors[run.Autoscaler]; !known {
			colors[run.Autoscaler] = len(colors)
		}
	}
	for _, runs := range experiment.Groups(r.Runs, experiment.SameScene) {
		s, err := newScene(r, runs, colors)
		if err != nil {
			return err
		}
		data.Scenes = append(data.Scenes, *s)
	}
	if err := t.Execute(w, data); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

const (
	wide, half  = 29 * vg.Centimeter, 14.3 * vg.Centimeter
	third       = 9.4 * vg.Centimeter
	tall, short = 9 * vg.Centimeter, 5.5 * vg.Centimeter
)

func newScene(r *experiment.Result, runs []experiment.Run, colors map[string]int) (*scene, error) {
	application, workload := runs[0].Application, runs[0].Workload
	s := &scene{Title: application + " under " + workload, Tables: r.TablesOf(runs)}
	for _, d := range r.Difficulty {
		if d.Application == application && d.Workload == workload {
			s.Difficulty = d.About
		}
	}
	var failed error
	draw := func(c chart) template.HTML {
		svg, err := c.svg()
		if err != nil && failed == nil {
			failed = err
		}
		return svg
	}
	frontier := chart{title: "Violations against cost", x: "core-hours", y: "violations %", least: 1, width: wide, height: tall}
	for _, f := range experiment.Frontiers(runs) {
		l := line{name: f.Autoscaler, color: palette(colors[f.Autoscaler]), dots: true}
		for _, p := range f.Points {
			l.x, l.y = append(l.x, p.CoreHours), append(l.y, 100*p.Violations)
		}
		frontier.lines = append(frontier.lines, l)
		red, green, blue, _ := l.color.RGBA()
		s.Legend = append(s.Legend, entry{f.Autoscaler, template.CSS(fmt.Sprintf("#%02x%02x%02x", red>>8, green>>8, blue>>8))})
	}
	s.Frontier = draw(frontier)

	var traces []experiment.Trace
	for _, t := range r.ChosenTraces() {
		if t.Application == application && t.Workload == workload {
			traces = append(traces, t)
		}
	}
	for _, kind := range []struct {
		title, unit string
		of          func(*experiment.Trace) []float64
		factor      float64
		least       float64
	}{
		{"Violations so far", "% of the run", func(t *experiment.Trace) []float64 { return t.Violated }, 100, 1},
		{"Cost so far", "core-hours", func(t *experiment.Trace) []float64 { return t.Cores }, 1, 0},
		{"Cumulative absolute error", "seconds", func(t *experiment.Trace) []float64 { return t.Error }, 1, 0},
	} {
		c := chart{title: kind.title, x: minutes, y: kind.unit, width: third, height: tall, least: kind.least}
		for i := range traces {
			t := &traces[i]
			c.lines = append(c.lines, line{name: t.Autoscaler, color: palette(colors[t.Autoscaler]), x: t.Minutes, y: scaled(kind.of(t), kind.factor)})
		}
		s.Cumulative = append(s.Cumulative, draw(c))
	}
	for i := range traces {
		t := &traces[i]
		s.Response = append(s.Response, draw(chart{
			title: fmt.Sprintf("%s (%v)", t.Autoscaler, t.Knob), x: minutes, y: "mean response, ms", width: wide, height: short,
			lines: []line{{color: palette(colors[t.Autoscaler]), x: t.Minutes, y: scaled(t.Response, 1000)}},
			band:  1000 * t.SLO, most: 5000 * t.SLO,
		}))
	}
	for i, name := range servicesOf(traces) {
		one := service{Name: name}
		for k := range traces {
			t := &traces[k]
			one.Plots = append(one.Plots, draw(chart{
				title: t.Autoscaler, x: minutes, y: "replicas", width: half, height: short,
				lines: []line{
					{name: "desired", color: palette(4), x: t.Minutes, y: t.Desired[i], thin: true},
					{name: "ready", color: palette(colors[t.Autoscaler]), x: t.Minutes, y: t.Ready[i]},
					{name: "needed", color: palette(7), x: t.Minutes, y: t.Need[i], thin: true},
				},
			}))
		}
		s.Services = append(s.Services, one)
	}
	for i := range r.Learned {
		if l := &r.Learned[i]; l.Application == application && l.Workload == workload && l.Model.Kind == artifact.KindDeepScaler {
			drawn, err := network(l.Model.Services, l.Model.Affinity)
			if err != nil {
				return nil, err
			}
			s.Graphs = append(s.Graphs, graph{l.Autoscaler, drawn})
		}
	}
	return s, failed
}

// servicesOf returns the services of traces of one load, which all have the same.
func servicesOf(traces []experiment.Trace) []string {
	if len(traces) == 0 {
		return nil
	}
	return traces[0].Services
}

func scaled(values []float64, factor float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v * factor
	}
	return out
}
