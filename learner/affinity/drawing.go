package affinity

import (
	"fmt"
	"math"
	"strconv"
)

// Sizes of a drawing in pixels.
const (
	fontSize  = 12.0
	charWidth = 0.602 * fontSize // of every monospaced font, nearly
	maxLabel  = 40               // characters
	boxHeight = 28.0
	loopRoom  = 18.0 // above a box, for an edge of a service to itself
	margin    = 24.0
)

// Most services and edges of a drawing, with which its layout still takes
// about a second. What is larger is not readable.
const (
	maxDrawnServices = 500
	maxDrawnEdges    = 2000
)

type point struct{ x, y float64 }

func (p point) plus(q point) point       { return point{p.x + q.x, p.y + q.y} }
func (p point) times(f float64) point    { return point{f * p.x, f * p.y} }
func (p point) minus(q point) point      { return point{p.x - q.x, p.y - q.y} }
func (p point) String() string           { return coordinate(p.x) + " " + coordinate(p.y) }
func (p point) unit() point              { return p.times(1 / max(math.Hypot(p.x, p.y), 1e-9)) }
func (p point) distance(q point) float64 { return math.Hypot(p.x-q.x, p.y-q.y) }
func (p point) rotated(angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{p.x*cos - p.y*sin, p.x*sin + p.y*cos}
}

// coordinate prints a tenth of a pixel, and never -0.
func coordinate(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', -1, 64)
}

// drawing is where everything goes; y grows downwards.
type drawing struct {
	width, height float64
	nodes         []node  // by service
	arrows        []arrow // by edge
}

// node is a box around its label or, on a circle, a dot beside it.
type node struct {
	centre        point
	width, height float64 // of the box; 0 for a dot
	label         point   // where the text is anchored, in its middle line
	anchor        string  // start, middle or end
	angle         float64 // of the text around label, degrees
}

// arrow is an edge: a line and a head.
type arrow struct {
	path      string
	tip       point
	direction point // of the head, of length 1
}

// draw lays the graph out: in layers from left to right along the edges, or on
// a circle when the edges have no such direction. Services without an edge are
// below.
func (g *graph) draw() (drawing, error) {
	if len(g.services) > maxDrawnServices {
		return drawing{}, fmt.Errorf("%d services are too many for a drawing, at most %d can be read: use --output dot", len(g.services), maxDrawnServices)
	}
	if len(g.edges) > maxDrawnEdges {
		return drawing{}, fmt.Errorf("%d edges are too many for a drawing, at most %d can be read: raise --min-weight or use --top", len(g.edges), maxDrawnEdges)
	}
	d := drawing{nodes: make([]node, len(g.services)), arrows: make([]arrow, len(g.edges))}
	connected := make([]bool, len(g.services))
	between := 0
	for _, e := range g.edges {
		if e.source != e.destination {
			connected[e.source], connected[e.destination] = true, true
			between++
		}
	}
	if between > 0 {
		against, count := g.against()
		layers := newLayering(g, connected, against)
		if 4*count <= between && len(layers.vertices) <= maxVertices {
			layers.draw(&d)
		} else {
			g.circle(&d, connected)
		}
	}
	g.drawUnconnected(&d, connected)
	return d, nil
}

// drawUnconnected puts boxes without neighbours in rows below the others.
func (g *graph) drawUnconnected(d *drawing, connected []bool) {
	const gap = 14.0
	full := max(d.width, 640) - margin
	x, y := margin, d.height+margin
	if d.height > 0 {
		y = d.height
	}
	drawn := false
	loops := g.loops()
	for service, is := range connected {
		if is {
			continue
		}
		w := g.boxWidth(service)
		if drawn && x+w > full {
			x, y = margin, y+boxHeight+loopRoom+gap/2
		}
		drawn = true
		n := &d.nodes[service]
		*n = newBox(point{x + w/2, y + loopRoom + boxHeight/2}, w, boxHeight)
		if e, ok := loops[service]; ok {
			d.arrows[e] = g.loopAbove(*n, g.edges[e])
		}
		x += w + gap
		d.width = max(d.width, x-gap+margin)
		d.height = y + loopRoom + boxHeight + margin
	}
}

// loops returns the index of the edge of a service to itself.
func (g *graph) loops() map[int]int {
	loops := map[int]int{}
	for i, e := range g.edges {
		if e.source == e.destination {
			loops[e.source] = i
		}
	}
	return loops
}

func newBox(centre point, width, height float64) node {
	return node{centre: centre, width: width, height: height, label: centre, anchor: "middle"}
}

func (g *graph) loopAbove(n node, e edge) arrow {
	top := n.centre.y - n.height/2
	from, to := point{n.centre.x - 11, top}, point{n.centre.x + 11, top}
	up := point{0, -loopRoom}
	head, _ := g.head(e)
	return arrow{
		path:      fmt.Sprintf("M%v C%v %v %v", from, from.plus(up), to.plus(up), point{to.x, top - head}),
		tip:       to,
		direction: point{0, 1},
	}
}

func (g *graph) label(service int) string { return clip(printable(g.services[service]), maxLabel) }

func (g *graph) labelWidth(service int) float64 {
	return charWidth * float64(columns(g.label(service)))
}

func (g *graph) boxWidth(service int) float64 { return g.labelWidth(service) + 22 }

// stroke is the width of the line of an edge, by its weight.
func (g *graph) stroke(e edge) float64 { return 1 + 3*g.share(e) }

// head is the length of the head of an arrow and half its width.
func (g *graph) head(e edge) (length, half float64) {
	return 6 + 1.5*g.stroke(e), 2.4 + 0.8*g.stroke(e)
}

// share is the weight of an edge as a part of the heaviest.
func (g *graph) share(e edge) float64 { return e.weight / g.edges[0].weight }
