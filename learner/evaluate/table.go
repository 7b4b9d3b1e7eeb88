package evaluate

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
)

// WriteTable writes the errors by horizon and overall, and on request by
// service.
func (c *Comparison) WriteTable(w io.Writer, perService bool) error {
	rows := [][]string{header("steps ahead")}
	for _, h := range c.Horizons {
		rows = append(rows, row(strconv.Itoa(h.Horizon), h.Errors))
	}
	rows = append(rows, row("all", c.Overall))
	if perService {
		rows = append(rows, nil, header("service"))
		for _, s := range c.Services {
			rows = append(rows, row(s.Service, s.Errors))
		}
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, cells := range rows {
		for _, cell := range cells {
			fmt.Fprint(out, cell, "\t")
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

func header(first string) []string {
	beside := []string{"anchor", "ridge", "persistence", "seasonal"}
	return slices.Concat([]string{first, "MAE"}, beside, []string{"|", "RMSE"}, beside, []string{"|", "MAPE %"}, beside)
}

func row(first string, e Errors) []string {
	cells := []string{first}
	for i, of := range []func(Metrics) float64{
		func(m Metrics) float64 { return m.MAE },
		func(m Metrics) float64 { return m.RMSE },
		func(m Metrics) float64 { return m.MAPE },
	} {
		if i > 0 {
			cells = append(cells, "|")
		}
		cells = append(cells, number(of(e.Model)), number(of(e.Anchor)), number(of(e.Ridge)), number(of(e.Persistence)), number(of(e.Seasonal)))
	}
	return cells
}

// number formats four digits, or a dash for an unknown number.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	digits := 0
	for limit := 1000.0; digits < 4 && math.Abs(v) < limit; limit /= 10 {
		digits++
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
