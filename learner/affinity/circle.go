package affinity

import (
	"fmt"
	"math"
	"slices"
)

const (
	dotRadius = 5.0
	loopReach = 28.0 // of an edge of a service to itself, between dot and label
	// levelLabels is the greatest number of services on a circle whose labels
	// fit beside it without being turned.
	levelLabels = 24
)

// circle draws the services that have edges on a circle, strong pairs near to
// each other, and the edges within it.
func (g *graph) circle(d *drawing, connected []bool) {
	order := g.circular(connected)
	n := float64(len(order))
	turned := len(order) > levelLabels
	radius := max(200, 10*n)
	if turned {
		radius = max(260, 7*n)
	}
	loops := g.loops()
	widest := 0.0
	for _, service := range order {
		widest = max(widest, g.labelWidth(service))
	}
	beside := dotRadius + 6 // from a dot to its label
	if len(loops) > 0 {
		beside += loopReach
	}
	sides, ends := widest+beside+margin, fontSize+beside+margin
	if turned {
		ends = sides
	}
	d.width, d.height = 2*(radius+sides), 2*(radius+ends)
	centre := point{d.width / 2, d.height / 2}
	for i, service := range order {
		// Half a step off the top, where two labels would meet.
		turn := (float64(i) + 0.5) / n
		outward := point{0, -1}.rotated(2 * math.Pi * turn)
		at := centre.plus(outward.times(radius))
		if e, ok := loops[service]; ok {
			d.arrows[e] = g.loopOutward(at, outward, g.edges[e])
		}
		n := node{centre: at, label: at.plus(outward.times(beside))}
		n.anchor, n.angle = besideDot(turn, turned)
		if n.anchor == "middle" {
			n.label.y += fontSize / 2
		}
		d.nodes[service] = n
	}
	for i, e := range g.edges {
		if e.source != e.destination {
			d.arrows[i] = g.chord(d.nodes[e.source].centre, d.nodes[e.destination].centre, centre, radius, e)
		}
	}
}

// besideDot returns where the text beside a dot is anchored, and its angle. turn
// is the place of the dot on the circle, clockwise from the top, in [0, 1).
func besideDot(turn float64, turned bool) (anchor string, angle float64) {
	switch {
	case turned && turn < 0.5:
		return "start", 360*turn - 90
	case turned:
		return "end", 360*turn - 270
	case turn == 0.5: // the bottom, below the labels of either side
		return "middle", 0
	case turn < 0.5:
		return "start", 0
	}
	return "end", 0
}

// circular orders the services so that the weighted chords are short, by swaps
// for as long as they help.
func (g *graph) circular(connected []bool) []int {
	const rounds = 20
	var order []int
	for service, is := range connected {
		if is {
			order = append(order, service)
		}
	}
	n := len(order)
	type link struct {
		to     int
		weight float64
	}
	links := make([][]link, len(g.services))
	for _, e := range g.edges {
		if e.source != e.destination {
			links[e.source] = append(links[e.source], link{e.destination, e.weight})
			links[e.destination] = append(links[e.destination], link{e.source, e.weight})
		}
	}
	place := make([]int, len(g.services))
	for i, service := range order {
		place[service] = i
	}
	length := func(service int) float64 {
		sum := 0.0
		for _, to := range links[service] {
			apart := place[service] - place[to.to]
			apart = max(apart, -apart)
			sum += to.weight * float64(min(apart, n-apart))
		}
		return sum
	}
	for range rounds {
		better := false
		for i := range n {
			for j := i + 1; j < n; j++ {
				a, b := order[i], order[j]
				was := length(a) + length(b)
				place[a], place[b] = j, i
				// What is gained by rounding is no gain.
				if is := length(a) + length(b); is < was*(1-1e-9) {
					order[i], order[j] = b, a
					better = true
				} else {
					place[a], place[b] = i, j
				}
			}
		}
		if !better {
			break
		}
	}
	// The heaviest pair begins, wherever the swaps have left it.
	return slices.Concat(order[place[g.first()]:], order[:place[g.first()]])
}

// first is the source of the heaviest edge between two services.
func (g *graph) first() int {
	for _, e := range g.edges {
		if e.source != e.destination {
			return e.source
		}
	}
	return 0
}

// chord is an edge between two dots, bent inward and to its right, so that
// there and back again are two lines.
func (g *graph) chord(from, to, centre point, radius float64, e edge) arrow {
	across := to.minus(from)
	length := from.distance(to)
	middle := from.plus(to).times(0.5)
	inward := centre.minus(middle).times(min(0.5, (24+0.3*length)/radius))
	bend := middle.plus(inward).plus(point{-across.y, across.x}.times(0.08))
	head, _ := g.head(e)
	away, towards := bend.minus(from).unit(), to.minus(bend).unit()
	tip := to.minus(towards.times(dotRadius + 1))
	return arrow{
		path:      fmt.Sprintf("M%v Q%v %v", from.plus(away.times(dotRadius)), bend, tip.minus(towards.times(head))),
		tip:       tip,
		direction: towards,
	}
}

func (g *graph) loopOutward(at, outward point, e edge) arrow {
	const spread, reach = 0.6, 1.45 * loopReach // of the controls; the curve stays within
	out, back := outward.rotated(-spread), outward.rotated(spread)
	head, _ := g.head(e)
	return arrow{
		path: fmt.Sprintf("M%v C%v %v %v", at.plus(out.times(dotRadius)), at.plus(out.times(reach)),
			at.plus(back.times(reach)), at.plus(back.times(dotRadius+1+head))),
		tip:       at.plus(back.times(dotRadius + 1)),
		direction: back.times(-1),
	}
}
