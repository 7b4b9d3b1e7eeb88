package explain

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// WriteText writes the words about every service of a full document, and its need over
// the horizon.
func WriteText(out io.Writer, d *Document) error {
	for i, s := range d.Services {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if s.Detail == nil {
			fmt.Fprintf(out, "Nothing is known about %s yet: %s\n", s.Name, s.Problem)
			continue
		}
		for _, line := range s.Detail.Words {
			fmt.Fprintln(out, line)
		}
		fmt.Fprintln(out)
		if err := writeHorizon(out, d, s.Detail); err != nil {
			return err
		}
	}
	return nil
}

func writeHorizon(out io.Writer, doc *Document, d *Detail) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprint(w, "IN\tNEED\tTHEORY")
	for _, q := range d.Levels {
		fmt.Fprintf(w, "\tQ%.0f", 100*q)
	}
	fmt.Fprintln(w)
	for h, c := range d.Horizon {
		fmt.Fprintf(w, "%v\t%s\t%s", time.Duration(h+1)*time.Duration(doc.Step), c.Need.text(2), c.Theory.text(2))
		for _, q := range c.Quantiles {
			fmt.Fprintf(w, "\t%s", q.text(2))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
