package em

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSourcesAreFoundByTime has a service whose next change is made of what two others
// did some steps ago, and one that merely resembles them.
func TestSourcesAreFoundByTime(t *testing.T) {
	const services, window, rows = 6, 8, 500
	series := func(rng *rand.Rand) [][]float64 {
		load := make([][]float64, rows+window)
		for k := range load {
			load[k] = make([]float64, services)
			for n := range services {
				load[k][n] = rng.NormFloat64()
				if k > 0 {
					load[k][n] += 0.8 * load[k-1][n]
				}
			}
			load[k][3] = load[k][1] + 0.5*rng.NormFloat64()
		}
		return load
	}
	for name, tt := range map[string]struct {
		label func(load [][]float64, now int, noise float64) float64
		want  []int
	}{
		"noise": {func(_ [][]float64, _ int, noise float64) float64 { return noise }, nil},
		"its own past": {func(load [][]float64, now int, noise float64) float64 {
			return load[now-1][0] - load[now][0] + 0.3*noise
		}, nil},
		"a change against two others": {func(load [][]float64, now int, noise float64) float64 {
			return load[now-2][1] - load[now-4][2] - load[now][0] + 0.3*noise
		}, []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 21))
			load := series(rng)
			p := newPast(services, window, 1, rows)
			rest := make([]float64, rows)
			x := make([]float32, window*services)
			for row := range rows {
				for i := range x {
					x[i] = float32(load[row+i/services][i%services])
				}
				p.set(row, x)
				rest[row] = tt.label(load, row+window-1, rng.NormFloat64())
			}
			rest[7] = math.NaN()
			for _, column := range p.columns {
				standardise(column)
			}
			standardise(rest)
			got := p.sources(func(source int) bool { return source == 0 }, rest)
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
			for source, weight := range got {
				if !(weight > 0.5 && weight <= 1) {
					t.Errorf("source %d weighs %.3f, want more than half", source, weight)
				}
			}
		})
	}
}

func TestStandardise(t *testing.T) {
	nan := math.NaN()
	for name, tt := range map[string]struct{ in, want []float64 }{
		"constant":  {[]float64{3, 3, nan}, []float64{0, 0, 0}},
		"a gap":     {[]float64{1, nan, 3}, []float64{-math.Sqrt(0.5), 0, math.Sqrt(0.5)}},
		"all empty": {[]float64{nan, nan}, []float64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			standardise(tt.in)
			if diff := cmp.Diff(tt.want, tt.in, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
