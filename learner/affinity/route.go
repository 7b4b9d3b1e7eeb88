package affinity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// draw places the vertices and routes the edges between them.
func (l *layering) draw(d *drawing) {
	l.order()
	l.place()
	top, bottom := 0.0, 0.0
	for _, layer := range l.layers {
		first, last := &l.vertices[layer[0]], &l.vertices[layer[len(layer)-1]]
		top, bottom = min(top, first.y-first.height/2), max(bottom, last.y+last.height/2)
	}
	for i := range l.vertices {
		l.vertices[i].y += margin - top
	}
	begin, end := l.columns()
	d.width, d.height = end[len(end)-1]+margin, bottom-top+2*margin
	for i := range l.vertices {
		v := &l.vertices[i]
		if v.service < 0 {
			continue
		}
		from, to := begin[v.layer], end[v.layer]
		centre := point{(from + to) / 2, v.y}
		e, ok := l.loops[v.service]
		if ok {
			centre.y += loopRoom / 2
		}
		d.nodes[v.service] = newBox(centre, to-from, l.boxHeight(v))
		if ok {
			d.arrows[e] = l.graph.loopAbove(d.nodes[v.service], l.graph.edges[e])
		}
	}
	starts, ends := l.ports(right, d), l.ports(left, d)
	for i, chain := range l.chains {
		if len(chain) > 0 {
			d.arrows[i] = l.route(i, starts[i], ends[i], begin, end)
		}
	}
}

// columns returns where each layer begins and ends. The more edges there are
// between two layers, the further they are apart.
func (l *layering) columns() (begin, end []float64) {
	x := margin
	for _, layer := range l.layers {
		width, links := 0.0, 0
		for _, v := range layer {
			if service := l.vertices[v].service; service >= 0 {
				width = max(width, l.graph.boxWidth(service))
			}
			links += len(l.vertices[v].links[right])
		}
		begin, end = append(begin, x), append(end, x+width)
		x += width + min(56+1.2*float64(links), 130)
	}
	return begin, end
}

// ports returns for each edge how high it leaves its left service (right side)
// or reaches its right one (left side). Edges at one side of a box are in the
// order of what they lead to, so that they do not cross at the box.
func (l *layering) ports(side int, d *drawing) []float64 {
	type port struct {
		edge int
		lead float64
	}
	at := make([][]port, len(l.graph.services))
	for i, chain := range l.chains {
		if len(chain) == 0 {
			continue
		}
		end, neighbour := chain[0], chain[1]
		if side == left {
			end, neighbour = chain[len(chain)-1], chain[len(chain)-2]
		}
		service := l.vertices[end].service
		at[service] = append(at[service], port{edge: i, lead: l.vertices[neighbour].y})
	}
	out := make([]float64, len(l.chains))
	for service, ports := range at {
		slices.SortStableFunc(ports, func(a, b port) int { return cmp.Compare(a.lead, b.lead) })
		n := d.nodes[service]
		gap := min(12, (n.height-8)/float64(max(1, len(ports))))
		for i, p := range ports {
			out[p.edge] = n.centre.y + gap*(float64(i)-float64(len(ports)-1)/2)
		}
	}
	return out
}

// route draws an edge: level through the layers it passes, curved in between.
func (l *layering) route(i int, startY, endY float64, begin, end []float64) arrow {
	e, chain := l.graph.edges[i], l.chains[i]
	head, _ := l.graph.head(e)
	first := l.vertices[chain[0]].layer
	from, last := point{end[first], startY}, point{begin[first+len(chain)-1], endY}
	a := arrow{tip: last, direction: point{1, 0}}
	if l.against[i] {
		a = arrow{tip: from, direction: point{-1, 0}}
		from.x += head
	} else {
		last.x -= head
	}
	var path strings.Builder
	fmt.Fprintf(&path, "M%v", from)
	for k := 1; k < len(chain); k++ {
		to := last
		if k < len(chain)-1 {
			to = point{begin[first+k], l.vertices[chain[k]].y}
		}
		middle := (from.x + to.x) / 2
		fmt.Fprintf(&path, " C%v %v %v", point{middle, from.y}, point{middle, to.y}, to)
		if k < len(chain)-1 {
			from = point{end[first+k], to.y}
			fmt.Fprintf(&path, " L%v", from)
		}
	}
	a.path = path.String()
	return a
}
