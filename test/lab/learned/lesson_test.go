package learned

import (
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

type still struct{}

func (still) Tick(*loop.Cluster) error        { return nil }
func (still) Sync(*loop.Cluster, []int) error { return nil }

// A lesson holds the whole history and who calls whom how often.
func TestTake(t *testing.T) {
	a, err := app.Load("bookinfo")
	if err != nil {
		t.Fatal(err)
	}
	g, err := workload.Parse("constant")
	if err != nil {
		t.Fatal(err)
	}
	c := loop.Defaults(a, nil, 1)
	c.Duration = 5 * time.Minute
	if c.Load, err = g.Make(a, 40, workload.Span{Seed: 1, Duration: c.Warmup + c.Duration}); err != nil {
		t.Fatal(err)
	}
	l, err := Take(t.Context(), c, still{}, []int{3, 3, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	if l.History.Steps != 42 {
		t.Errorf("%d steps of history in 11 minutes, want all but the first half minute, 42", l.History.Steps)
	}
	names := map[[2]string]float64{{"productpage", "details"}: 1, {"productpage", "reviews"}: 1, {"reviews", "ratings"}: 1}
	if len(l.Edges) != len(names) {
		t.Errorf("%d edges, want %d", len(l.Edges), len(names))
	}
	for _, e := range l.Edges {
		pair := [2]string{l.History.Services[e.Source].Name, l.History.Services[e.Destination].Name}
		if want := names[pair]; e.Weight < 0.95*want || e.Weight > 1.05*want {
			t.Errorf("%v has the weight %v, want %v", pair, e.Weight, want)
		}
	}
}
