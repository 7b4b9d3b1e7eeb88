package affinity

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// table writes the edges, a summary, and the comparison.
func (g *graph) table(b *bytes.Buffer) error {
	out := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	line := func(cells ...string) {
		if last := len(cells) - 1; g.known == nil || cells[last] == "" {
			cells = cells[:last]
		}
		fmt.Fprintln(out, strings.Join(cells, "\t"))
	}
	line("SOURCE", "", "DESTINATION", "WEIGHT", "STATUS")
	rows := g.edges
	if g.known != nil {
		rows = append(slices.Clip(rows), g.known.missing...)
	}
	for _, e := range rows {
		line(printable(g.services[e.source]), "→", printable(g.services[e.destination]), decimal(e.weight), string(e.status))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(b, "\n%s\n", g.summary())
	if c := g.known; c != nil {
		fmt.Fprintf(b, "%d known, %d learned, %d missing\nJaccard similarity with %s: %.2f\n",
			c.known, c.learned, len(c.missing), printable(c.file), c.jaccard)
	}
	return g.setTable(b)
}

// setTable writes the graphs of 𝒜 with the losses that give their weights in Eq. 9.
func (g *graph) setTable(b *bytes.Buffer) error {
	if len(g.set) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nGRAPH\tLOSS")
	for _, m := range g.set {
		loss := "unknown"
		if !math.IsNaN(m.Loss) {
			loss = strconv.FormatFloat(m.Loss, 'g', 4, 64)
		}
		fmt.Fprintf(out, "%s\t%s\n", printable(m.Name), loss)
	}
	return out.Flush()
}

// summary describes the edges that are shown.
func (g *graph) summary() string {
	shown := strconv.Itoa(len(g.edges))
	if len(g.edges) < g.total {
		shown += " of " + strconv.Itoa(g.total)
	}
	noun := "edges"
	if g.total == 1 {
		noun = "edge"
	}
	text := fmt.Sprintf("%s %s of at least %v, %d services, graph %q", shown, noun, g.minWeight, len(g.services), printable(g.name))
	if g.hidden != "" {
		text += ": " + g.hidden
	}
	return text
}

// decimal prints a weight for people.
func decimal(w float64) string {
	if w > 0 && w < 0.00005 {
		return strconv.FormatFloat(w, 'e', 0, 64)
	}
	return strconv.FormatFloat(w, 'f', 4, 64)
}
