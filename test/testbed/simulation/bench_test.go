package simulation_test

import (
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func busy(b *testing.B, name string, rps float64) *simulation.Engine {
	b.Helper()
	a, err := app.Load(name)
	if err != nil {
		b.Fatal(err)
	}
	e := engine(b, a)
	for i := range a.Services {
		if err := e.SetReplicas(i, 20); err != nil {
			b.Fatal(err)
		}
	}
	poisson(b, e, rps)
	e.Run(60)
	return e
}

func calls(e *simulation.Engine) (n uint64) {
	for i := range e.Application().Services {
		n += e.Totals(i).Requests
	}
	return n
}

// BenchmarkVirtualTime runs a second of an application at a time, as fast as it goes.
func BenchmarkVirtualTime(b *testing.B) {
	for _, name := range app.Builtin() {
		b.Run(name, func(b *testing.B) { run(b, busy(b, name, 100), 1) })
	}
}

// BenchmarkRealTimePace runs in the small steps of the live driver. What it reports is the number of
// calls per second of one core that real time can sustain.
func BenchmarkRealTimePace(b *testing.B) {
	for _, name := range app.Builtin() {
		b.Run(name, func(b *testing.B) { run(b, busy(b, name, 100), 0.005) })
	}
}

func run(b *testing.B, e *simulation.Engine, step float64) {
	before := calls(e)
	b.ReportAllocs()
	for b.Loop() {
		e.Run(e.Now() + step)
		e.TakeResponses()
	}
	b.ReportMetric(float64(calls(e)-before)/b.Elapsed().Seconds(), "calls/s")
}
