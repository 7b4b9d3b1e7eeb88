package model

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
)

// TestCorrectionsFadeWhereASeasonVouches: a network corrects what nothing else announces.
func TestCorrectionsFadeWhereASeasonVouches(t *testing.T) {
	names := numbered(4)
	e := mustEstimator(t, untrained(t, names))
	w := observed(40, names...)
	w.Features = append(w.Features, estimator.Vouched)
	values := w.Values
	w.Values = nil
	for i := range w.Steps * len(names) {
		w.Values = append(append(w.Values, values[i*(len(w.Features)-1):(i+1)*(len(w.Features)-1)]...), 1)
	}
	last, vouched := w.Steps-1, w.Channel(estimator.Vouched)
	for n, share := range []float64{0, 0.25, 1, math.NaN()} {
		for s := range w.Steps {
			w.Set(n, s, w.Channel(estimator.Requests), 100)
			if s >= w.Steps/2 {
				w.Set(n, s, w.Channel(estimator.Requests), 400)
			}
		}
		w.Set(n, last, vouched, share)
	}
	c := e.begin()
	defer e.end(c)
	if err := e.read(c, w); err != nil {
		t.Fatal(err)
	}
	e.move(c, w)
	for n, want := range []float64{1, 0.75, 0, 1} {
		if got := c.moved[n]; got != want {
			t.Errorf("%v of the corrections of service %d count, want %v", got, n, want)
		}
	}
}
