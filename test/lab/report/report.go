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
	d := &drawing{colors: colors}
	s.Frontier, s.Legend = d.frontier(experiment.Frontiers(runs))
	var traces []*experiment.Trace
	chosen := r.ChosenTraces()
	for i := range chosen {
		if t := &chosen[i]; t.Application == application && t.Workload == workload {
			traces = append(traces, t)
		}
	}
	s.Cumulative, s.Response, s.Services = d.cumulative(traces), d.responses(traces), d.services(traces)
	for i := range r.Learned {
		if l := &r.Learned[i]; l.Application == application && l.Workload == workload && l.Model.Kind == artifact.KindDeepScaler {
			drawn, err := network(l.Model.Services, l.Model.Affinity)
			if err != nil {
				return nil, err
			}
			s.Graphs = append(s.Graphs, graph{l.Autoscaler, drawn})
		}
	}
	return s, d.failed
}
