package affinity

import (
	"bytes"
	"fmt"
	"strings"
)

// mermaid writes the services that have an edge as a flowchart, which GitHub
// renders in Markdown. Learned edges are dotted.
func (g *graph) mermaid(b *bytes.Buffer) {
	fmt.Fprintf(b, "%%%% %s\nflowchart LR\n", g.summary())
	drawn := make([]bool, len(g.services))
	for _, e := range g.edges {
		drawn[e.source], drawn[e.destination] = true, true
	}
	for n, name := range g.services {
		if drawn[n] {
			fmt.Fprintf(b, "  s%d[\"%s\"]\n", n, mermaidText(name))
		}
	}
	for _, e := range g.edges {
		arrow := "-->"
		if e.status == learned {
			arrow = "-.->"
		}
		fmt.Fprintf(b, "  s%d %s|%s| s%d\n", e.source, arrow, decimal(e.weight), e.destination)
	}
}

// mermaidText escapes everything but letters, digits and a few marks as numbers
// of characters, which Mermaid does not interpret.
func mermaidText(name string) string {
	var text strings.Builder
	for _, r := range printable(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_./", r):
			text.WriteRune(r)
		default:
			fmt.Fprintf(&text, "#%d;", r)
		}
	}
	return text.String()
}
