package report

import (
	"fmt"
	"html/template"

	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

// drawing draws the charts of a scene. Its first failure stays.
type drawing struct {
	// colors has the number of a colour for each autoscaler.
	colors map[string]int
	failed error
}

func (d *drawing) draw(c chart) template.HTML {
	svg, err := c.svg()
	if err != nil && d.failed == nil {
		d.failed = err
	}
	return svg
}

// frontier returns violations against cost, and the colours of the autoscalers.
func (d *drawing) frontier(frontiers []experiment.Frontier) (template.HTML, []entry) {
	var legend []entry
	c := chart{title: "Violations against cost", x: "core-hours", y: "violations %", least: 1, width: wide, height: tall}
	for _, f := range frontiers {
		l := line{name: f.Autoscaler, color: palette(d.colors[f.Autoscaler]), dots: true}
		for _, p := range f.Points {
			l.x, l.y = append(l.x, p.CoreHours), append(l.y, 100*p.Violations)
		}
		c.lines = append(c.lines, l)
		red, green, blue, _ := l.color.RGBA()
		legend = append(legend, entry{f.Autoscaler, template.CSS(fmt.Sprintf("#%02x%02x%02x", red>>8, green>>8, blue>>8))})
	}
	return d.draw(c), legend
}

// cumulative returns violations, cost and error up to each minute.
func (d *drawing) cumulative(traces []*experiment.Trace) []template.HTML {
	var all []template.HTML
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
		for _, t := range traces {
			c.lines = append(c.lines, line{name: t.Autoscaler, color: palette(d.colors[t.Autoscaler]), x: t.Minutes, y: scaled(kind.of(t), kind.factor)})
		}
		all = append(all, d.draw(c))
	}
	return all
}

// responses returns the mean response of users under each autoscaler, with the SLO as a band.
func (d *drawing) responses(traces []*experiment.Trace) []template.HTML {
	var all []template.HTML
	for _, t := range traces {
		all = append(all, d.draw(chart{
			title: fmt.Sprintf("%s (%v)", t.Autoscaler, t.Knob), x: minutes, y: "mean response, ms", width: wide, height: short,
			lines: []line{{color: palette(d.colors[t.Autoscaler]), x: t.Minutes, y: scaled(t.Response, 1000)}},
			band:  1000 * t.SLO, most: 5000 * t.SLO,
		}))
	}
	return all
}

// services returns the replicas of each service under each autoscaler.
func (d *drawing) services(traces []*experiment.Trace) []service {
	var all []service
	for i, name := range servicesOf(traces) {
		one := service{Name: name}
		for _, t := range traces {
			one.Plots = append(one.Plots, d.draw(chart{
				title: t.Autoscaler, x: minutes, y: "replicas", width: half, height: short,
				lines: []line{
					{name: "desired", color: palette(4), x: t.Minutes, y: t.Desired[i], thin: true},
					{name: "ready", color: palette(d.colors[t.Autoscaler]), x: t.Minutes, y: t.Ready[i]},
					{name: "needed", color: palette(7), x: t.Minutes, y: t.Need[i], thin: true},
				},
			}))
		}
		all = append(all, one)
	}
	return all
}

// servicesOf returns the services of traces of one load, which all have the same.
func servicesOf(traces []*experiment.Trace) []string {
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
