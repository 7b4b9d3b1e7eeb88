package affinity

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// minName is what a terminal that is too narrow leaves of a name.
const minName = 8

// table writes the edges, and below them what they are and how they compare.
func (g *graph) table(b *bytes.Buffer, width int) {
	rows := g.edges
	if g.known != nil {
		rows = append(slices.Clip(rows), g.known.missing...)
	}
	source, destination := len("SOURCE"), len("DESTINATION")
	for _, e := range rows {
		source = max(source, columns(printable(g.services[e.source])))
		destination = max(destination, columns(printable(g.services[e.destination])))
	}
	if width > 0 {
		rest := columns("  →    0.0000")
		if g.known != nil {
			rest += len("  missing")
		}
		source, destination = share(width-rest, source, destination)
	}
	line := func(from, arrow, to, weight, status string) {
		text := pad(clip(from, source), source) + "  " + arrow + "  " + pad(clip(to, destination), destination) + "  " + fmt.Sprintf("%6s", weight)
		if g.known != nil {
			text += "  " + status
		}
		fmt.Fprintln(b, strings.TrimRight(text, " "))
	}
	line("SOURCE", " ", "DESTINATION", "WEIGHT", "STATUS")
	for _, e := range rows {
		line(printable(g.services[e.source]), "→", printable(g.services[e.destination]), decimal(e.weight), string(e.status))
	}
	fmt.Fprintf(b, "\n%s\n", g.summary())
	if c := g.known; c != nil {
		fmt.Fprintf(b, "%s\nJaccard similarity with %s: %.2f\n", c.counts(), printable(c.file), c.jaccard)
	}
	setTable(b, g.set, width)
}

// setTable writes the graphs of 𝒜 with the losses that Eq. 9 weighs them by.
func setTable(b *bytes.Buffer, set []artifact.Graph, width int) {
	if len(set) == 0 {
		return
	}
	name := len("GRAPH")
	for _, m := range set {
		name = max(name, columns(printable(m.Name)))
	}
	if width > 0 {
		name = min(name, max(minName, width-len("   unknown")))
	}
	fmt.Fprintf(b, "\n%s  LOSS\n", pad("GRAPH", name))
	for _, m := range set {
		loss := "unknown"
		if !math.IsNaN(m.Loss) {
			loss = strconv.FormatFloat(m.Loss, 'g', 4, 64)
		}
		fmt.Fprintf(b, "%s  %s\n", pad(clip(printable(m.Name), name), name), loss)
	}
}

// share divides the columns of a terminal among two names: none gets more than
// it wants, nor less than half unless it wants less.
func share(width, first, second int) (int, int) {
	width = max(width, 2*minName)
	switch {
	case first+second <= width:
	case first <= width/2:
		second = width - first
	case second <= width/2:
		first = width - second
	default:
		first, second = width/2, width-width/2
	}
	return first, second
}

// summary says what of the model is shown.
func (g *graph) summary() string {
	shown := strconv.Itoa(len(g.edges))
	if len(g.edges) < g.total {
		shown += " of " + strconv.Itoa(g.total)
	}
	noun := "edges"
	if g.total == 1 {
		noun = "edge"
	}
	return fmt.Sprintf("%s %s of at least %v, %d services, graph %q", shown, noun, g.minWeight, len(g.services), printable(g.name))
}

func (c *comparison) counts() string {
	return fmt.Sprintf("%d known, %d learned, %d missing", c.known, c.learned, len(c.missing))
}

// decimal prints a weight for people.
func decimal(w float64) string {
	if w > 0 && w < 0.00005 {
		return strconv.FormatFloat(w, 'e', 0, 64)
	}
	return strconv.FormatFloat(w, 'f', 4, 64)
}
