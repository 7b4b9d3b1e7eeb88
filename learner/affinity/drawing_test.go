package affinity

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// hostile are names that mean something to XML, Graphviz, CSV or a terminal.
func hostile() []string {
	return []string{
		`</text><script>alert(1)</script>`, `a"b`, `back\slash\`, `"quoted"`, `&amp; &lt;`, `a -> b; } digraph {`,
		`\N \G \l`, `]]>`, "\uffff\ufffe", "\u202eevil", `'+'`, `服务 é`, `a,b`, strings.Repeat("long-", 100), `<!--`, `a\"b`, `a\b`, `a\\b`,
	}
}

// hostileGraph has every hostile name as a source and as a destination.
func hostileGraph(t *testing.T) *Options {
	t.Helper()
	names := hostile()
	n := len(names)
	a := make([]float32, n*n)
	for i := range n {
		a[i*n+(i+1)%n], a[i*n+i] = 0.5, 0.25
	}
	o := files(t, newModel(names, a), "")
	o.SelfLoops = true
	return o
}

func TestSVGEscapes(t *testing.T) {
	o := hostileGraph(t)
	o.Output = "svg"
	var out bytes.Buffer
	if err := o.Run(&out, 0); err != nil {
		t.Fatal(err)
	}
	var titles []string
	elements := map[string]bool{}
	for _, e := range parse(t, out.Bytes()) {
		elements[e.name] = true
		if e.name == "title" {
			titles = append(titles, e.text)
		}
	}
	for name := range elements {
		if !slices.Contains([]string{"svg", "title", "style", "rect", "g", "path", "text"}, name) {
			t.Errorf("there is an element %q", name)
		}
	}
	for _, name := range hostile() {
		if !slices.Contains(titles, printable(name)) {
			t.Errorf("no title is %q", name)
		}
	}
	if found := strings.Index(out.String(), "http"); found != strings.LastIndex(out.String(), "http") {
		t.Error("there are addresses besides that of the name space")
	}
}

type element struct {
	name, text string
}

// parse checks that a document is well-formed and returns its elements.
func parse(t *testing.T, document []byte) []element {
	t.Helper()
	var all []element
	var open []int
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, document)
		}
		switch x := token.(type) {
		case xml.StartElement:
			open = append(open, len(all))
			all = append(all, element{name: x.Name.Local})
		case xml.CharData:
			if len(open) > 0 {
				all[open[len(open)-1]].text += string(x)
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

// What Graphviz reads of names is the names: \" is a quote, and in labels \\ is
// a backslash and &amp; an ampersand.
func TestDOTEscapes(t *testing.T) {
	o := hostileGraph(t)
	o.Output = "dot"
	var out bytes.Buffer
	if err := o.Run(&out, 0); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	names := hostile()
	lines = lines[4:] // the head
	ids := map[string]string{}
	for i, name := range names {
		id, rest := quoted(t, strings.TrimSpace(lines[i]))
		label := id
		if after, ok := strings.CutPrefix(rest, " [label="); ok {
			label, rest = quoted(t, after)
			label = strings.NewReplacer(`\\`, `\`, "&amp;", "&").Replace(label)
			rest = strings.TrimPrefix(rest, "]")
		}
		if label != printable(name) || rest != ";" {
			t.Errorf("%q is shown as %q, with the rest %q", name, label, rest)
		}
		ids[id] = name
	}
	if len(ids) != len(names) {
		t.Errorf("%d names have %d identities", len(names), len(ids))
	}
	edges := lines[len(names) : len(lines)-1]
	if len(edges) != 2*len(names) {
		t.Errorf("there are %d edges, want %d", len(edges), 2*len(names))
	}
	for _, line := range edges {
		source, rest := quoted(t, strings.TrimSpace(line))
		destination, rest := quoted(t, strings.TrimPrefix(rest, " -> "))
		if ids[source] == "" || ids[destination] == "" || !strings.HasPrefix(rest, " [penwidth=") {
			t.Errorf("%q is no edge between known services", line)
		}
	}
}

// quoted reads a quoted string of the DOT language and returns what follows it.
func quoted(t *testing.T, text string) (value, rest string) {
	t.Helper()
	if !strings.HasPrefix(text, `"`) {
		t.Fatalf("%q does not begin with a quoted string", text)
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
			if i < len(text) && text[i] != '"' {
				value += `\`
			}
			value += text[i:min(i+1, len(text))]
		case '"':
			return value, text[i+1:]
		default:
			value += text[i : i+1]
		}
	}
	t.Fatalf("%q has no end", text)
	return "", ""
}

// Whatever the graph, nothing is clipped and no two labels or boxes overlap.
func TestDrawingsAreLegible(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	circles := 0
	for trial := range 60 {
		g := randomGraph(r, trial%3 == 0)
		d, err := g.draw()
		if err != nil {
			t.Fatal(err)
		}
		var shapes []shape
		for service, n := range d.nodes {
			if n.width == 0 {
				circles++
			}
			shapes = append(shapes, shapeOf(g, service, n))
		}
		for i, s := range shapes {
			for _, corner := range s {
				if !(corner.x >= 0 && corner.y >= 0 && corner.x <= d.width && corner.y <= d.height) {
					t.Fatalf("trial %d: %q at %v is outside of %v × %v", trial, g.services[i], corner, d.width, d.height)
				}
			}
			for j := range i {
				if s.overlaps(shapes[j]) {
					t.Fatalf("trial %d: %q at %v and %q at %v overlap", trial, g.services[i], d.nodes[i], g.services[j], d.nodes[j])
				}
			}
		}
		for i, a := range d.arrows {
			if e := g.edges[i]; a.path == "" || strings.Contains(a.path, "NaN") || !onBorder(d.nodes[e.destination], a.tip) {
				t.Fatalf("trial %d: the arrow %q ends at %v, not at %v", trial, a.path, a.tip, d.nodes[e.destination].centre)
			}
		}
		var out bytes.Buffer
		if err := g.svg(&out); err != nil {
			t.Fatal(err)
		}
		parse(t, out.Bytes())
	}
	if circles == 0 {
		t.Error("no trial drew a circle")
	}
}

// randomGraph returns a graph of which either most edges have one direction or
// all have both.
func randomGraph(r *rand.Rand, mutual bool) *graph {
	g := &graph{name: "random"}
	for i := range 2 + r.IntN(60) {
		g.services = append(g.services, fmt.Sprintf("%s-%d", strings.Repeat("s", r.IntN(50)), i))
	}
	n := len(g.services)
	upward := r.Float64() // the share of edges that keep to one direction
	seen := map[[2]int]bool{}
	for range 1 + r.IntN(3*n) {
		e := edge{source: r.IntN(n), destination: r.IntN(n), weight: 0.01 + r.Float64()}
		if e.source > e.destination && r.Float64() < upward {
			e.source, e.destination = e.destination, e.source
		}
		for range 2 {
			if pair := [2]int{e.source, e.destination}; !seen[pair] {
				seen[pair] = true
				g.edges = append(g.edges, e)
			}
			if mutual {
				e.source, e.destination = e.destination, e.source
			}
		}
	}
	slices.SortFunc(g.edges, func(a, b edge) int {
		if a.weight > b.weight {
			return -1
		}
		return 1
	})
	g.total = len(g.edges)
	return g
}

// shape is the four corners of a box or of a text.
type shape [4]point

func shapeOf(g *graph, service int, n node) shape {
	origin, width, height := n.centre, n.width, n.height
	shift := -width / 2
	if width == 0 {
		origin, width, height = n.label, g.labelWidth(service), fontSize
		shift = map[string]float64{"start": 0, "middle": -width / 2, "end": -width}[n.anchor]
	}
	var s shape
	for i, corner := range []point{{shift, -height / 2}, {shift + width, -height / 2}, {shift + width, height / 2}, {shift, height / 2}} {
		s[i] = origin.plus(corner.rotated(n.angle * math.Pi / 180))
	}
	return s
}

// overlaps holds unless a line along a side of either shape parts them.
func (s shape) overlaps(o shape) bool {
	for _, sides := range []shape{s, o} {
		for i := range 2 {
			axis := sides[i+1].minus(sides[i]).unit()
			fromS, toS := s.along(axis)
			fromO, toO := o.along(axis)
			if toS < fromO || toO < fromS {
				return false
			}
		}
	}
	return true
}

func (s shape) along(axis point) (from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	for _, p := range s {
		v := p.x*axis.x + p.y*axis.y
		from, to = min(from, v), max(to, v)
	}
	return from, to
}

func onBorder(n node, tip point) bool {
	if n.width == 0 {
		return math.Abs(n.centre.distance(tip)-dotRadius) < 2
	}
	across, down := math.Abs(tip.x-n.centre.x), math.Abs(tip.y-n.centre.y)
	onSide := math.Abs(across-n.width/2) < 1e-6 && down <= n.height/2
	onTop := math.Abs(down-n.height/2) < 1e-6 && across <= n.width/2
	return onSide || onTop
}

func TestApartIsTheNearest(t *testing.T) {
	for _, tc := range []struct {
		wanted, distances, want []float64
	}{
		{[]float64{0, 10, 20}, []float64{0, 5, 5}, []float64{0, 10, 20}},
		{[]float64{0, 0}, []float64{0, 10}, []float64{-5, 5}},
		{[]float64{10, 0, 50}, []float64{0, 4, 4}, []float64{3, 7, 50}},
		{[]float64{5, 5, 5}, []float64{0, 2, 2}, []float64{3, 5, 7}},
	} {
		got := apart(tc.wanted, slices.Repeat([]float64{1}, len(tc.wanted)), tc.distances)
		for i := range got {
			if math.Abs(got[i]-tc.want[i]) > 1e-9 {
				t.Errorf("%v at distances %v are put at %v, want %v", tc.wanted, tc.distances, got, tc.want)
				break
			}
		}
	}
}

// The count of crossings by a tree is that of looking at all pairs.
func TestCrossings(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		g := randomGraph(r, false)
		connected := make([]bool, len(g.services))
		for _, e := range g.edges {
			if e.source != e.destination {
				connected[e.source], connected[e.destination] = true, true
			}
		}
		against, _ := g.against()
		l := newLayering(g, connected, against)
		if len(l.layers) == 0 {
			continue
		}
		place, want := l.places(), 0
		type link struct{ layer, left, right int }
		var links []link
		for v, vertex := range l.vertices {
			for _, w := range vertex.links[right] {
				links = append(links, link{vertex.layer, place[v], place[w]})
			}
		}
		for i, a := range links {
			for _, b := range links[:i] {
				if a.layer == b.layer && (a.left-b.left)*(a.right-b.right) < 0 {
					want++
				}
			}
		}
		if got := l.crossings(place); got != want {
			t.Fatalf("%d crossings, want %d", got, want)
		}
		l.order()
		if after := l.crossings(l.places()); after > want {
			t.Errorf("ordering makes %d crossings of %d", after, want)
		}
	}
}
