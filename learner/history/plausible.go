package history

import (
	"cmp"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// tooLarge has the medians above which a feature probably has the wrong unit,
// and the right unit.
var tooLarge = map[estimator.Feature]struct {
	median float64
	unit   string
}{
	estimator.CPU:     {2, "used ÷ limit; is it percent or millicores?"},
	estimator.Memory:  {2, "used ÷ limit; is it percent or bytes?"},
	estimator.Latency: {10, "seconds; is it milliseconds?"},
}

// plausible makes negative values of the features of Table I missing, as the
// adapter does. It adds notes about them and about improbable units.
func (l *seriesReader) plausible(w *estimator.Window) {
	for c, f := range w.Features {
		if !slices.Contains(estimator.DefaultFeatures(), f) {
			continue // may be of any unit
		}
		negative := 0
		var values []float64
		for t := range w.Steps {
			for n := range w.Services {
				switch v := w.At(n, t, c); {
				case v < 0:
					negative++
					w.Set(n, t, c, math.NaN())
				case !math.IsNaN(v):
					values = append(values, v)
				}
			}
		}
		if negative > 0 {
			l.note("%d values of %s are negative and count as missing", negative, f)
		}
		limit, checked := tooLarge[f]
		if !checked || len(values) == 0 {
			continue
		}
		slices.SortFunc(values, cmp.Compare)
		if median := values[len(values)/2]; median > limit.median {
			l.note("the median of %s is %.4g, want %s", f, median, limit.unit)
		}
	}
}
