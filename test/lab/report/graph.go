package report

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"path"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// edgesPerService bounds what is drawn of a graph: its heaviest edges.
const edgesPerService = 3

// network draws services on a circle and the heaviest dependencies between them: the
// heavier, the thicker. An edge is thin at the end that depends.
func network(services []string, affinity []float32) (template.HTML, error) {
	n := len(services)
	type edge struct {
		from, to int
		weight   float64
	}
	var edges []edge
	for i, v := range affinity {
		if v > 0 && i/n != i%n {
			edges = append(edges, edge{i / n, i % n, float64(v)})
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(b.weight, a.weight) })
	edges = edges[:min(len(edges), edgesPerService*n)]
	at := func(i int, radius float64) plotter.XY {
		angle := 2 * math.Pi * float64(i) / float64(n)
		return plotter.XY{X: radius * math.Cos(angle), Y: radius * math.Sin(angle)}
	}
	p := plot.New()
	p.HideAxes()
	// Names of many services stand on the radius, so that none covers another.
	crowded := n > 16
	width, height := 16*vg.Centimeter, 9*vg.Centimeter
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -2.1, 2.1, -1.2, 1.2
	if crowded {
		width, height = 22*vg.Centimeter, 22*vg.Centimeter
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -1.6, 1.6, -1.6, 1.6
	}
	for _, e := range edges {
		from, to := at(e.from, 1), at(e.to, 1)
		middle := plotter.XY{X: (from.X + 2*to.X) / 3, Y: (from.Y + 2*to.Y) / 3}
		for part, points := range []plotter.XYs{{from, middle}, {middle, to}} {
			l, err := plotter.NewLine(points)
			if err != nil {
				return "", fmt.Errorf("draw the learned graph: %w", err)
			}
			l.Width = vg.Points(0.4 + 3.6*e.weight/edges[0].weight/float64(1+2*part))
			l.Color = color.NRGBA{0x00, 0x72, 0xb2, 150}
			p.Add(l)
		}
	}
	var nodes, places plotter.XYs
	names := make([]string, n)
	for i := range n {
		nodes, places = append(nodes, at(i, 1)), append(places, at(i, 1.06))
		names[i] = path.Base(services[i]) // they share their namespace
	}
	dots, err := plotter.NewScatter(nodes)
	if err != nil {
		return "", fmt.Errorf("draw the learned graph: %w", err)
	}
	dots.Shape, dots.Radius = draw.CircleGlyph{}, vg.Points(3)
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: places, Labels: names})
	if err != nil {
		return "", fmt.Errorf("draw the learned graph: %w", err)
	}
	for i := range labels.TextStyle {
		style := &labels.TextStyle[i]
		style.Font.Size, style.YAlign = 9, draw.YCenter
		left := nodes[i].X < -1e-9
		if left {
			style.XAlign = draw.XRight
		}
		if crowded {
			style.Rotation = 2 * math.Pi * float64(i) / float64(n)
			if left {
				style.Rotation += math.Pi
			}
		}
	}
	p.Add(dots, labels)
	canvas := vgsvg.New(width, height)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw the learned graph: %w", err)
	}
	return inline(b.String()), nil
}
