package explain

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// WriteStatus writes two tables: the applications and the services of documents.
func WriteStatus(out io.Writer, documents []*Document) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "APPLICATION\tPLANNED\tMODEL\tTRAINED\tTRUST\tLEARNING\tPROBLEM")
	seen := map[string]bool{}
	for _, d := range documents {
		for _, a := range d.Applications {
			if !seen[a.Name] {
				seen[a.Name] = true
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Name, ago(d.Now, a.Planned), dash(short(a.Model)), ago(d.Now, a.Trained), a.Trust.text(), a.Learning.text(d.Now), a.Problem)
			}
		}
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "SERVICE\tREADY\tDESIRED\tNEED\tBOUNDS\tESTIMATOR\tPROBLEM")
	for _, d := range documents {
		for _, s := range d.Services {
			desired := "-"
			if s.Desired != nil {
				desired = strconv.Itoa(*s.Desired)
				if s.Served != nil {
					desired += " (shadow)"
				}
			}
			fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\t%d-%d\t%s\t%s\n", s.Namespace, s.Name, s.Ready.text(0), desired, s.Need.text(2), s.Min, s.Max, dash(s.Estimator), s.Problem)
		}
	}
	return w.Flush()
}

// text returns the number with so many decimals, or a dash.
func (n Number) text(decimals int) string {
	if !n.Known() {
		return "-"
	}
	return strconv.FormatFloat(float64(n), 'f', decimals, 64)
}

func (t *Trust) text() string {
	if t == nil {
		return "-"
	}
	return t.Value.text(2) + " " + t.Level
}

func (l *Learning) text(now time.Time) string {
	switch {
	case l == nil:
		return "-"
	case l.Next.After(now):
		return l.State + ", next in " + l.Next.Sub(now).Round(time.Second).String()
	}
	return l.State
}

// short returns as much of a hash as tells models apart.
func short(hash string) string { return hash[:min(len(hash), 12)] }

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func ago(now, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return now.Sub(t).Round(time.Second).String() + " ago"
}
