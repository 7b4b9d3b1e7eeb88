// Package steady makes engines under a constant load, for tests.
package steady

import (
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Engine returns an engine of a built-in application with the seed 1, whose users send rps
// requests per second in the usual mix, and the weights of that mix.
func Engine(t testing.TB, name string, rps float64) (*simulation.Engine, []float64) {
	t.Helper()
	a, err := app.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := simulation.New(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := a.Users.Mix("")
	if err != nil {
		t.Fatal(err)
	}
	l, err := load.NewOpen(a, weights, load.Profile{rps}, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.SetLoad(l)
	return e, weights
}
