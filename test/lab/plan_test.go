package main

import (
	"strings"
	"testing"
	"time"
)

// What cannot run is refused before anything runs, with the flag and what to do.
func TestPlanRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*options)
		want   string
	}{
		"no seed":              {func(o *options) { o.seeds = 0 }, "--seeds is 0, want 1 to 100"},
		"too many seeds":       {func(o *options) { o.seeds = 1e6 }, "--seeds is 1000000"},
		"a huge duration":      {func(o *options) { o.duration = 1e5 * time.Hour }, "--duration is 100000h0m0s"},
		"a negative rate":      {func(o *options) { o.rps = -3 }, "--rps is -3"},
		"a known seed":         {func(o *options) { o.schoolSeed = 2 }, "--school-seed is 2, which a run has"},
		"a negative school":    {func(o *options) { o.school = -time.Hour }, "--school is -1h0m0s"},
		"no such application":  {func(o *options) { o.apps = []string{"shop"} }, `--app: application "shop" is neither a file nor one of`},
		"no such load":         {func(o *options) { o.workloads = []string{"x"} }, `--workload: there is no workload "x"`},
		"no such file":         {func(o *options) { o.workloads = []string{"x.csv"} }, "--workload: read workload: open x.csv"},
		"no such autoscaler":   {func(o *options) { o.autoscalers = []string{"x"} }, `--autoscaler: there is no autoscaler "x"`},
		"no autoscaler":        {func(o *options) { o.autoscalers = nil }, "--autoscaler is empty"},
		"the same one twice":   {func(o *options) { o.autoscalers = []string{"hab", "hab=0.7"} }, "--autoscaler: hab comes twice"},
		"a knob without value": {func(o *options) { o.autoscalers = []string{"hab="} }, "--autoscaler: hab: the knob is \"\""},
		"the same load twice":  {func(o *options) { o.workloads = []string{"bursts", "bursts"} }, "--workload: bursts comes twice"},
	} {
		t.Run(name, func(t *testing.T) {
			o := defaults()
			o.apps, o.duration = []string{"bookinfo"}, time.Minute
			c.change(&o)
			if _, err := o.plan(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

// Windows cover ten minutes, as those of an adapter do at each scrape interval.
func TestWindowsCoverTenMinutes(t *testing.T) {
	for step, want := range map[time.Duration]int{5 * time.Second: 120, 15 * time.Second: 40, 30 * time.Second: 20} {
		o := defaults()
		o.apps, o.duration, o.seeds, o.step = []string{"bookinfo"}, time.Minute, 1, step
		p, err := o.plan()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Scenes[0].Config.Steps; got != want {
			t.Errorf("steps of %v: a window has %d, want %d", step, got, want)
		}
	}
}
