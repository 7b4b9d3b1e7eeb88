package queueing

import (
	"context"
	"errors"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
)

// Under a steady load nothing grows. When the load of the entry doubles in its newest sample,
// all services behind it are expected to receive twice as much.
func TestGrowth(t *testing.T) {
	w := after(chainModel(), 12, entry("a", 100), false)
	growth := func() *Growth {
		t.Helper()
		g, err := newHAB(t).Growth(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	for i, m := range growth().Received {
		if !near(m, 1, 1e-6) {
			t.Errorf("steady: service %d receives %v of its mean", i, m)
		}
	}
	requests := w.Channel(estimator.Requests)
	w.Set(0, 11, requests, 200)
	g := growth()
	if mean := (11*100.0 + 200) / 12; !near(g.Received[0], 200/mean, 1e-6) || !near(g.Outside[0], 200/mean, 1e-6) {
		t.Errorf("the entry receives %v of its mean and %v from outside, want %v", g.Received[0], g.Outside[0], 200/mean)
	}
	for i := 1; i < len(w.Services); i++ {
		if !near(g.Received[i], 2, 1e-6) || g.Outside[i] != 1 {
			t.Errorf("service %d receives %v of its mean, %v from outside, want 2 and 1", i, g.Received[i], g.Outside[i])
		}
		if want := needs(t, newHAB(t), w)[i]; g.Need[i] != want {
			t.Errorf("service %d needs %v, by the estimate %v", i, g.Need[i], want)
		}
	}
	w.Calls = nil
	if _, err := newHAB(t).Growth(context.Background(), w); !errors.Is(err, estimator.ErrInsufficientData) {
		t.Errorf("without a graph: error %v", err)
	}
}
