package estimator

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// counting returns a window of three steps of cart and web whose samples are 0, 1,
// 2 … in the order of the layout: step, service, feature.
func counting() *Window {
	w := NewWindow([]Service{{Name: "cart"}, {Name: "web"}}, []Feature{"x", "y"}, 3, time.Minute, time.Unix(600, 0))
	for i := range w.Values {
		w.Values[i] = float64(i)
	}
	return w
}

func TestNewWindowIsEmpty(t *testing.T) {
	w := NewWindow([]Service{{Name: "cart"}}, DefaultFeatures(), 2, time.Minute, time.Unix(0, 0))
	if len(w.Values) != 10 || slices.ContainsFunc(w.Values, func(v float64) bool { return !math.IsNaN(v) }) {
		t.Errorf("values are %v, want ten missing samples", w.Values)
	}
}

func TestWindowLayout(t *testing.T) {
	w := counting()
	for step := range 3 {
		for n := range 2 {
			from := float64(4*step + 2*n)
			if diff := cmp.Diff([]float64{from, from + 1}, w.Row(n, step)); diff != "" {
				t.Errorf("row of service %d at step %d (-want +got):\n%s", n, step, diff)
			}
			if got := w.At(n, step, 1); got != from+1 {
				t.Errorf("y of service %d at step %d is %v, want %v", n, step, got, from+1)
			}
		}
	}
	w.Set(1, 2, 0, -1)
	if w.Values[10] != -1 {
		t.Errorf("values are %v, want -1 at 10", w.Values)
	}
	if w.Service(Service{Name: "web"}) != 1 || w.Service(Service{Namespace: "shop", Name: "web"}) != -1 || w.Channel("y") != 1 || w.Channel("z") != -1 {
		t.Error("a service or a channel has another index than its place")
	}
	if !w.Start().Equal(time.Unix(480, 0)) || !w.Time(2).Equal(w.End) {
		t.Errorf("the window goes from %v to %v", w.Start(), w.Time(2))
	}
}

func TestSlice(t *testing.T) {
	w := counting()
	part := w.Slice(Range{1, 3})
	if err := part.Validate(); err != nil {
		t.Fatal(err)
	}
	for step := range 2 {
		if !part.Time(step).Equal(w.Time(step + 1)) {
			t.Errorf("step %d is at %v, want %v", step, part.Time(step), w.Time(step+1))
		}
		if got, want := part.At(1, step, 0), w.At(1, step+1, 0); got != want {
			t.Errorf("step %d is %v, want %v", step, got, want)
		}
	}
}

func TestSelect(t *testing.T) {
	w := counting()
	got, err := w.Select([]Feature{"y"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{1, 3, 5, 7, 9, 11}, got.Values); diff != "" {
		t.Errorf("values of y (-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if same, err := w.Select([]Feature{"x", "y"}); same != w || err != nil {
		t.Errorf("all features are %p, error %v, want the window itself", same, err)
	}
	for want, features := range map[string][]Feature{
		`no feature "z"; the features are ["x" "y"]`: {"x", "z"},
		`"x" is requested twice`:                     {"x", "x"},
	} {
		if _, err := w.Select(features); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("features %q: error %v, want one with %q", features, err, want)
		}
	}
}

func TestWindowValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(w *Window)
		want  string
	}{
		"good":         {func(*Window) {}, ""},
		"services":     {func(w *Window) { w.Services = nil }, "no services"},
		"features":     {func(w *Window) { w.Features = nil }, "no features"},
		"same feature": {func(w *Window) { w.Features[1] = "x" }, `feature "x" twice`},
		"steps":        {func(w *Window) { w.Steps = 0 }, "0 steps"},
		"step":         {func(w *Window) { w.Step = -1 }, "step -1ns"},
		"values":       {func(w *Window) { w.Values = w.Values[1:] }, "has 11 values"},
		"infinite":     {func(w *Window) { w.Set(1, 2, 0, math.Inf(-1)) }, `x of service "web" at step 2 is -Inf`},
		"calls":        {func(w *Window) { w.Calls = &CallGraph{Calls: []Call{{Source: 2}}} }, "call 2→0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := counting()
			tc.spoil(w)
			err := w.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
