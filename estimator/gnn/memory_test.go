package gnn

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// trainTicket is the shape of the larger of the two applications of the paper.
var trainTicket = Config{Services: 41, Window: 12, Features: 5, Outputs: 1, Hidden: 64, Kernel: 5, Blocks: 2}

// passBytes is how much memory a training pass of a network takes, and how much
// of that are the gradients of its parameters.
func passBytes(t testing.TB, c Config) (all, gradients float64) {
	t.Helper()
	network, err := New(c, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pass := network.Training(true)
	runtime.ReadMemStats(&after)
	for _, g := range pass.Gradients() {
		gradients += 4 * float64(len(g))
	}
	return float64(after.TotalAlloc - before.TotalAlloc), gradients
}

// TestMemoryIsLinear checks what a pass takes besides the gradients: twice as much
// for twice the window or twice the services. Nothing but the basis of the graph
// grows with the square of the services.
func TestMemoryIsLinear(t *testing.T) {
	for name, grow := range map[string]func(c *Config){
		"window":   func(c *Config) { c.Window *= 2 },
		"services": func(c *Config) { c.Services *= 2 },
	} {
		t.Run(name, func(t *testing.T) {
			c := trainTicket
			half := 0.0
			for range 3 {
				all, gradients := passBytes(t, c)
				bytes := all - gradients
				if ratio := bytes / half; half > 0 && math.Abs(ratio-2) > 0.1 {
					t.Errorf("%+v takes %v bytes, %v times as many as half of that", c, bytes, ratio)
				}
				half = bytes
				network, err := New(c, rand.New(rand.NewPCG(1, 1)))
				if err != nil {
					t.Fatal(err)
				}
				if got, want := network.BasisSize(), 2*c.Services*c.Services; got != want {
					t.Errorf("%+v has a basis of %d numbers, want %d", c, got, want)
				}
				grow(&c)
			}
		})
	}
}
