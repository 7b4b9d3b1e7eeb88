package dependency

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestPassesKeepsTheMainCallsOfEachService(t *testing.T) {
	edges := []estimator.Edge{
		{Source: 0, Destination: 1, Weight: 10}, {Source: 0, Destination: 2, Weight: 5},
		{Source: 1, Destination: 2, Weight: 0.1}, {Source: 2, Destination: 2, Weight: 9},
	}
	want := Relations{false, true, false, false, false, true, false, false, false}
	if diff := cmp.Diff(want, Passes(3, edges)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCorrelationsAreOfRanks has a service that follows another one by a steep curve, and
// two that go their own ways.
func TestCorrelationsAreOfRanks(t *testing.T) {
	series := [][]float64{{1, 2, 3, 4, 5, 6}, {1, 4, 9, 16, 1000, 5000}, {3, 1, 6, 2, 5, 4}, {2, 2, 1, 1, 3, 0}}
	w := estimator.NewWindow(make([]estimator.Service, 4), []estimator.Feature{estimator.Requests}, 6, time.Minute, time.Unix(0, 0))
	for n, values := range series {
		for step, v := range values {
			w.Set(n, step, 0, v)
		}
	}
	got := Correlations(w)
	if !got[1] || !got[4] || got[2] || got[3] {
		t.Errorf("relations are %v, want those of the first two services only", got)
	}
	if diff := cmp.Diff([]float64{3.5, 3.5, 1.5, 1.5, 5, 0}, ranks(series[3])); diff != "" {
		t.Errorf("ranks (-want +got):\n%s", diff)
	}
}

func TestSharesOfRelations(t *testing.T) {
	few, many := Relations{false, true, false, false}, Learned([]float32{1, 0.2, 0.1, 1}, 2)
	if got := few.Captured(many); got != 1 {
		t.Errorf("%v are captured, want all", got)
	}
	if got := many.Captured(few); got != 0.5 {
		t.Errorf("%v are captured, want half", got)
	}
	if got := few.Jaccard(many); got != 0.5 {
		t.Errorf("similarity is %v, want a half", got)
	}
	if got := few.Undirected(2).Count(); got != 2 {
		t.Errorf("%d relations both ways, want 2", got)
	}
}

// Two services call each other, the third goes its own way; the graph knows one direction
// and has an edge too many.
func TestCompare(t *testing.T) {
	series := [][]float64{{1, 2, 3, 4}, {1, 3, 4, 9}, {2, 1, 1, 2}}
	w := estimator.NewWindow([]estimator.Service{{Name: "reviews"}, {Name: "ratings"}, {Name: "details"}}, []estimator.Feature{estimator.Requests}, 4, time.Minute, time.Unix(0, 0))
	for n, values := range series {
		for step, v := range values {
			w.Set(n, step, 0, v)
		}
	}
	got := Compare(w, []estimator.Edge{{Source: 0, Destination: 1, Weight: 2}}, []float32{1, 0, 0.1, 0.3, 1, 0, 0, 0, 1})
	want := Overlap{Pairs: 1, Captured: 1, Jaccard: 0.5}
	if diff := cmp.Diff(want, got.OD); diff != "" {
		t.Errorf("OD (-want +got):\n%s", diff)
	}
	few := Compare(w, []estimator.Edge{{Source: 1, Destination: 2, Weight: 2}}, []float32{1, 0, 0.1, 0.3, 1, 0, 0, 0, 1})
	if diff := cmp.Diff([][2]string{{"ratings", "details"}}, few.OD.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if got.Edges != 2 || got.Share != 2.0/3 {
		t.Errorf("%d edges between a share of %v of the pairs, want 2 and two thirds", got.Edges, got.Share)
	}
}
