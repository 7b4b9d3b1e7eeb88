package main

import (
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// A load that counts the steps is late by three of them, in all of the last six or in
// their second half.
func TestSeasonsBreak(t *testing.T) {
	w := estimator.NewWindow(make([]estimator.Service, 1), []estimator.Feature{estimator.Requests}, 10, time.Minute, time.Unix(0, 0))
	for step := range w.Steps {
		w.Set(0, step, 0, float64(step))
	}
	late := postponed(w, 4, 3)
	if want := []float64{4, 5, 6, 7, 8, 9}; !slices.Equal(late.Values, want) || !late.End.Equal(w.End.Add(3*time.Minute)) {
		t.Errorf("postponed to %v until %v, want %v three minutes after %v", late.Values, late.End, want, w.End)
	}
	half := broken(w, 4, 3)
	if want := []float64{4, 5, 6, 4, 5, 6}; !slices.Equal(half.Values, want) || !half.End.Equal(w.End) {
		t.Errorf("broken into %v until %v, want %v until %v", half.Values, half.End, want, w.End)
	}
	if w.At(0, 9, 0) != 9 {
		t.Error("the history changed")
	}
}
