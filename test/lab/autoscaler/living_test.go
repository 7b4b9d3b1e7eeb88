package autoscaler

import (
	"testing"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Under bursts that recur, a model learned on the way beats queueing theory within the
// first looks, and serves.
func TestLivingLearnsOnTheWay(t *testing.T) {
	a, err := app.Load("bookinfo")
	if err != nil {
		t.Fatal(err)
	}
	g, err := workload.Parse("burst")
	if err != nil {
		t.Fatal(err)
	}
	c := loop.Defaults(a, nil, 1)
	if c.Load, err = g.Make(a, 100, workload.Span{Seed: 1, Duration: c.Warmup + c.Duration}); err != nil {
		t.Fatal(err)
	}
	replicas := make([]int, len(a.Services))
	for i := range replicas {
		replicas[i] = a.Services[i].Replicas
	}
	scaler, err := newLiving(0.8, &c)
	if err != nil {
		t.Fatal(err)
	}
	l := scaler.(*living)
	if _, err := loop.Run(t.Context(), c, l, replicas); err != nil {
		t.Fatal(err)
	}
	published := 0
	for _, r := range l.reports {
		t.Logf("published %v because %s; %s", r.Published, r.Reason, r.Verdict)
		if r.Published {
			published++
		}
	}
	if published == 0 || l.serving == nil {
		t.Errorf("%d of %d models passed the gate", published, len(l.reports))
	}
}
