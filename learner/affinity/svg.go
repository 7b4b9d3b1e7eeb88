package affinity

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// svg writes the graph as a drawing that needs nothing but itself: no script,
// no font and no style sheet from elsewhere.
func (g *graph) svg(b *bytes.Buffer) error {
	d, err := g.draw()
	if err != nil {
		return err
	}
	caption := g.captions()
	width, top := d.width, 28.0+20*float64(len(caption))
	for _, line := range caption {
		width = max(width, line.indent+2*margin+charWidth*float64(columns(line.text)))
	}
	height := d.height + top
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img" font-family="monospace" font-size="%[3]v">`+"\n",
		coordinate(width), coordinate(height), fontSize)
	fmt.Fprintf(b, "<title>%s</title>\n", escape(g.summary()))
	b.WriteString("<style>.edge:hover{opacity:1}</style>\n")
	fmt.Fprintf(b, `<rect width="%s" height="%s" fill="#ffffff"/>`+"\n", coordinate(width), coordinate(height))
	for i, line := range caption {
		y := 28 + 20*float64(i)
		if line.status != "" {
			fmt.Fprintf(b, `<path d="M%v H%s" stroke="%s" stroke-width="2.5"%s/>`+"\n",
				point{margin, y - 4}, coordinate(margin+line.indent-8), colour(line.status), dashes(line.status))
		}
		fmt.Fprintf(b, `<text x="%s" y="%s" fill="#0f172a"%s>%s</text>`+"\n",
			coordinate(margin+line.indent), coordinate(y), line.weight, escape(line.text))
	}
	fmt.Fprintf(b, `<g transform="translate(%s %s)">`+"\n", coordinate((width-d.width)/2), coordinate(top))
	// The heaviest are on top of the others.
	for i, e := range slices.Backward(g.edges) {
		g.svgArrow(b, e, d.arrows[i])
	}
	for service, n := range d.nodes {
		g.svgNode(b, service, n)
	}
	b.WriteString("</g>\n</svg>\n")
	return nil
}

func (g *graph) svgArrow(b *bytes.Buffer, e edge, a arrow) {
	title := g.services[e.source] + " → " + g.services[e.destination] + ": " + decimal(e.weight)
	if e.status != "" {
		title += ", " + string(e.status)
	}
	length, half := g.head(e)
	base := a.tip.minus(a.direction.times(length))
	across := point{-a.direction.y, a.direction.x}.times(half)
	fmt.Fprintf(b, `<g class="edge" opacity="%.2f"><title>%s</title><path d="%s" fill="none" stroke="%s" stroke-width="%.2f"%s/><path d="M%v L%v L%v Z" fill="%[4]s"/></g>`+"\n",
		0.45+0.55*g.share(e), escape(title), a.path, colour(e.status), g.stroke(e), dashes(e.status), a.tip, base.plus(across), base.minus(across))
}

func (g *graph) svgNode(b *bytes.Buffer, service int, n node) {
	fmt.Fprintf(b, `<g><title>%s</title>`, escape(g.services[service]))
	if n.width > 0 {
		fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%s" rx="6" fill="#f1f5f9" stroke="#475569"/>`,
			coordinate(n.centre.x-n.width/2), coordinate(n.centre.y-n.height/2), coordinate(n.width), coordinate(n.height))
	} else {
		fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="%v" fill="#475569"/>`, coordinate(n.centre.x), coordinate(n.centre.y), dotRadius)
	}
	turn := ""
	if n.angle != 0 {
		turn = fmt.Sprintf(` transform="rotate(%s %v)"`, coordinate(n.angle), n.label)
	}
	// A baseline a third of the font size lower centres the text, also where
	// dominant-baseline is not known.
	fmt.Fprintf(b, `<text x="%s" y="%s" text-anchor="%s" fill="#0f172a"%s>%s</text></g>`+"\n",
		coordinate(n.label.x), coordinate(n.label.y+fontSize/3), n.anchor, turn, escape(g.label(service)))
}

// caption is a line above a drawing.
type caption struct {
	text   string
	weight string // an attribute
	indent float64
	status status // of which a sample stands before the text
}

func (g *graph) captions() []caption {
	lines := []caption{
		{text: clip(g.summary(), 100), weight: ` font-weight="bold"`},
		{text: fmt.Sprintf("width of a line by weight, at most %s", decimal(g.edges[0].weight))},
	}
	if c := g.known; c != nil {
		const sample = 52
		file := clip(printable(c.file), maxLabel)
		lines = append(lines,
			caption{text: fmt.Sprintf("known: %d of %d edges in %s", c.known, c.known+len(c.missing), file), indent: sample, status: known},
			caption{text: fmt.Sprintf("learned: %d", c.learned), indent: sample, status: learned},
			caption{text: fmt.Sprintf("Jaccard similarity with %s: %.2f", file, c.jaccard)})
	}
	return lines
}

// colour tells edges apart for the colour-blind, too.
func colour(s status) string {
	switch s {
	case known:
		return "#1d5fa8"
	case learned:
		return "#c8500a"
	}
	return "#334155"
}

func dashes(s status) string {
	if s == learned {
		return ` stroke-dasharray="7 4"`
	}
	return ""
}

// escape makes text of any name, and drops what XML or a reader cannot show.
func escape(text string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(printable(text)))
	return b.String()
}
