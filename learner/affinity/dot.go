package affinity

import (
	"bytes"
	"fmt"
	"strings"
)

// dot writes the graph for Graphviz.
func (g *graph) dot(b *bytes.Buffer) {
	fmt.Fprintf(b, "digraph %s {\n", dotString(g.name))
	fmt.Fprintf(b, "  label=%s labelloc=t rankdir=LR;\n", dotLabel(g.summary()))
	fmt.Fprintf(b, "  node [shape=box style=rounded fontname=monospace fontsize=12];\n  edge [color=%q];\n", colour(""))
	for _, name := range g.services {
		// The label is the name, unless the name contains escapes.
		if id, label := dotString(name), dotLabel(name); id != label || strings.Contains(name, `\`) {
			fmt.Fprintf(b, "  %s [label=%s];\n", id, label)
		} else {
			fmt.Fprintf(b, "  %s;\n", id)
		}
	}
	for _, e := range g.edges {
		style := ""
		switch e.status {
		case learned:
			style = fmt.Sprintf(" style=dashed color=%q", colour(learned))
		case known:
			style = fmt.Sprintf(" color=%q", colour(known))
		}
		fmt.Fprintf(b, "  %s -> %s [penwidth=%.2f tooltip=%q%s];\n",
			dotString(g.services[e.source]), dotString(g.services[e.destination]), g.stroke(e), decimal(e.weight), style)
	}
	fmt.Fprintln(b, "}")
}

// dotString quotes a name. The only escape of the language is \", so a
// backslash at the end of a name would escape the closing quote. Backslashes
// are doubled, and Graphviz keeps both.
func dotString(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// dotLabel quotes text to show. Graphviz also interprets entities in it, and
// shows two backslashes as one.
func dotLabel(text string) string {
	return dotString(strings.ReplaceAll(printable(text), "&", "&amp;"))
}

// stroke returns the line width of an edge, by its weight.
func (g *graph) stroke(e edge) float64 { return 1 + 3*e.weight/g.edges[0].weight }

func colour(s status) string {
	switch s {
	case known:
		return "#1d5fa8"
	case learned:
		return "#c8500a"
	}
	return "#334155"
}
