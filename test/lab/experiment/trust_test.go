package experiment

import (
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// A model that no gate would let pass, forced to serve, costs next to nothing: users wait
// at most a tenth longer than with queueing theory alone, and it is no dearer.
func TestWrongModelsAreNotTrusted(t *testing.T) {
	a, err := app.Load("bookinfo")
	if err != nil {
		t.Fatal(err)
	}
	g, err := workload.Parse("bursts")
	if err != nil {
		t.Fatal(err)
	}
	base, err := need.Base(a)
	if err != nil {
		t.Fatal(err)
	}
	c := loop.Defaults(a, nil, 1)
	c.Duration = 15 * time.Minute
	scene, err := NewScene(c, "bursts", g, base, workload.Span{Seed: 1001, Duration: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	p := Plan{Scenes: []Scene{scene}, Reference: "hab"}
	for _, name := range []string{"hab", "wrong:one", "wrong:max", "wrong:random"} {
		kind, err := autoscaler.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		p.Autoscalers = append(p.Autoscalers, Candidate{Kind: kind, Settings: []float64{kind.Usual}})
	}
	result, err := p.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hab := result.Runs[0]
	if hab.Violations == 0 {
		t.Fatal("the load is too easy to show a difference")
	}
	for _, r := range result.Runs[1:] {
		t.Logf("%s: violations %.4f, core-hours %.3f; hab %.4f, %.3f", r.Autoscaler, r.Violations, r.CoreHours, hab.Violations, hab.CoreHours)
		if r.Violations > 1.1*hab.Violations || r.CoreHours > 1.1*hab.CoreHours {
			t.Errorf("%s violates %.2f %% for %.2f core-hours, queueing theory %.2f %% for %.2f", r.Autoscaler,
				100*r.Violations, r.CoreHours, 100*hab.Violations, hab.CoreHours)
		}
	}
}
