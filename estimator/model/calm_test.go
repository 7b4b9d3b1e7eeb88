package model

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// TestCorrectionsCountWhereASourceMoved: the loads of services 1 and 2 are calm, but that of service 0
// announces the first. The edge to the second is one of those that training erased.
func TestCorrectionsCountWhereASourceMoved(t *testing.T) {
	names := numbered(3)
	a := untrained(t, names)
	a.Affinity = []float32{
		1, 0.1, 0.01,
		0, 1, 0,
		0, 0, 1,
	}
	e := mustEstimator(t, a)
	w := observed(40, names...)
	requests := w.Channel(estimator.Requests)
	for s := range w.Steps {
		for n := range names {
			w.Set(n, s, requests, 100)
		}
		if s >= w.Steps/2 {
			w.Set(0, s, requests, 400)
		}
	}
	for name, tt := range map[string]struct {
		window *estimator.Window
		want   []float64
	}{
		"all are there":         {w, []float64{1, 1, 0}},
		"the source is missing": {without(w, 0), []float64{1, 0, 0}},
		"its requests are":      {mute(w, 0), []float64{1, 0, 0}},
	} {
		c := e.begin()
		if err := e.read(c, tt.window); err != nil {
			t.Fatal(err)
		}
		e.move(c, tt.window)
		if diff := cmp.Diff(tt.want, c.moved); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		e.end(c)
	}
}

// without returns a window that lacks a service.
func without(w *estimator.Window, service int) *estimator.Window {
	out := estimator.NewWindow(slices.Delete(slices.Clone(w.Services), service, service+1), w.Features, w.Steps, w.Step, w.End)
	for n := range out.Services {
		from := n
		if n >= service {
			from++
		}
		for s := range w.Steps {
			for c := range w.Features {
				out.Set(n, s, c, w.At(from, s, c))
			}
		}
	}
	return out
}

// mute returns a window that does not show the requests of a service.
func mute(w *estimator.Window, service int) *estimator.Window {
	out := *w
	out.Values = slices.Clone(w.Values)
	for s := range w.Steps {
		out.Set(service, s, w.Channel(estimator.Requests), math.NaN())
	}
	return &out
}
