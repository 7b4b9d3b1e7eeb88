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

// BenchmarkHour runs an hour under HAB. Online Boutique at 400 requests/s is to take at most
// 15 s of one core, Train-Ticket at its usual load at most 60 s.
func BenchmarkHour(b *testing.B) {
	for _, c := range []struct {
		name string
		rps  float64
	}{{"online-boutique", 400}, {"train-ticket", 0}} {
		b.Run(c.name, func(b *testing.B) {
			a, err := app.Load(c.name)
			if err != nil {
				b.Fatal(err)
			}
			if c.rps == 0 {
				if c.rps, err = need.Base(a); err != nil {
					b.Fatal(err)
				}
			}
			g, err := workload.Parse("constant")
			if err != nil {
				b.Fatal(err)
			}
			s, err := NewScene(loop.Defaults(a, nil, 1), "constant", g, c.rps, workload.Span{Seed: 2, Duration: time.Hour})
			if err != nil {
				b.Fatal(err)
			}
			kind, err := autoscaler.Find("hab")
			if err != nil {
				b.Fatal(err)
			}
			replicas := make([]int, len(a.Services))
			for i := range replicas {
				replicas[i] = 20
			}
			for b.Loop() {
				scaler, err := kind.New(autoscaler.Surroundings{Config: &s.Config}, kind.Usual)
				if err != nil {
					b.Fatal(err)
				}
				record, err := loop.Run(b.Context(), s.Config, scaler, replicas)
				if err != nil {
					b.Fatal(err)
				}
				requests := uint64(0)
				for _, step := range record.Steps {
					requests += step.Requests
				}
				b.ReportMetric(float64(requests)/s.Config.Duration.Seconds(), "requests/s")
			}
		})
	}
}
