package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// minutes is the label of axes of time.
const minutes = "minutes"

// line is one curve.
type line struct {
	name  string
	x, y  []float64
	color color.Color
	dots  bool // marks at the points
	thin  bool
}

// palette has the colours of Okabe and Ito, which colour-blind readers can distinguish.
func palette(i int) color.Color {
	colors := []color.RGBA{
		{0x00, 0x72, 0xb2, 255}, {0xd5, 0x5e, 0x00, 255}, {0x00, 0x9e, 0x73, 255}, {0xcc, 0x79, 0xa7, 255},
		{0xe6, 0x9f, 0x00, 255}, {0x56, 0xb4, 0xe9, 255}, {0x66, 0x66, 0x66, 255}, {0x00, 0x00, 0x00, 255},
		{0x99, 0x00, 0x33, 255}, {0x33, 0x99, 0x00, 255}, {0x66, 0x33, 0x99, 255}, {0x99, 0x66, 0x00, 255},
		{0x00, 0xb3, 0xb3, 255}, {0xff, 0x66, 0xaa, 255}, {0x80, 0x80, 0x00, 255}, {0x4d, 0x4d, 0xff, 255},
	}
	return colors[i%len(colors)]
}

// chart is a plot with one y axis.
type chart struct {
	title, x, y string
	lines       []line
	// band, unless 0, is a limit above which the background is red.
	band float64
	// most, unless 0, cuts the y axis, and least is what it shows at least.
	most, least   float64
	width, height vg.Length
}

// svg draws the chart for a page.
func (c *chart) svg() (template.HTML, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.x, c.y
	p.Add(plotter.NewGrid())
	highest, right := 0.0, 0.0
	for _, l := range c.lines {
		points := make(plotter.XYs, 0, len(l.x))
		for i, x := range l.x {
			y := l.y[i]
			if math.IsNaN(y) || math.IsInf(y, 0) {
				continue
			}
			if c.most > 0 {
				y = min(y, c.most)
			}
			highest, right = max(highest, y), max(right, x)
			points = append(points, plotter.XY{X: x, Y: y})
		}
		if len(points) == 0 {
			continue
		}
		curve, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return "", fmt.Errorf("plot %s of %s: %w", l.name, c.title, err)
		}
		curve.Color, marks.Color = l.color, l.color
		curve.Width = vg.Points(1.4)
		if l.thin {
			curve.Width = vg.Points(0.8)
			curve.Dashes = []vg.Length{vg.Points(3), vg.Points(2)}
		}
		marks.Shape, marks.Radius = draw.CircleGlyph{}, vg.Points(2.2)
		p.Add(curve)
		if l.dots {
			p.Add(marks)
		}
	}
	p.Y.Min = 0
	p.Y.Max = max(p.Y.Max, highest*1.08, c.least, 1e-9)
	if c.x == minutes {
		p.X.Min = 0
	}
	if c.band > 0 {
		p.Y.Max = max(p.Y.Max, 1.3*c.band)
		area, err := plotter.NewPolygon(plotter.XYs{{X: 0, Y: c.band}, {X: right, Y: c.band}, {X: right, Y: p.Y.Max}, {X: 0, Y: p.Y.Max}})
		if err != nil {
			return "", fmt.Errorf("plot the SLO: %w", err)
		}
		area.Color, area.LineStyle.Width = color.NRGBA{0xd5, 0x20, 0x20, 28}, 0
		p.Add(area)
	}
	canvas := vgsvg.New(c.width, c.height)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw %s: %w", c.title, err)
	}
	return inline(b.String()), nil
}

// inline returns a drawing without the XML declaration, which a page has no use for.
func inline(text string) template.HTML {
	if i := strings.Index(text, "<svg"); i >= 0 {
		text = text[i:]
	}
	return template.HTML(text)
}
