package samples

import (
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

func TestBatchPanics(t *testing.T) {
	d := mustNew(t, counting(100), Options{Target: "up"})
	x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
	for name, call := range map[string]func(){
		"short x":           func() { d.Batch(Train, []int{0}, x[1:], y) },
		"short y":           func() { d.Batch(Train, []int{0}, x, nil) },
		"index":             func() { d.Batch(Test, []int{d.Samples(Test)}, x, y) },
		"negative":          func() { d.Batch(Test, []int{-1}, x, y) },
		"short predictions": func() { d.UnscaleBatch(Train, []int{0}, y, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func BenchmarkBatch(b *testing.B) {
	for _, shape := range []struct {
		name               string
		services, features int
	}{{"41x5", 41, 5}, {"207x1", 207, 1}} {
		b.Run(shape.name, func(b *testing.B) {
			s := fakehistory.Random(rand.New(rand.NewPCG(13, 14)), 1000, shape.services, shape.features)
			d, err := New(s, Options{Target: "feature 0", Horizons: []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}})
			if err != nil {
				b.Fatal(err)
			}
			indices := rand.New(rand.NewPCG(15, 16)).Perm(d.Samples(Train))[:32]
			x, y := make([]float32, 32*d.InputLen()), make([]float32, 32*d.LabelLen())
			b.ReportAllocs()
			for b.Loop() {
				d.Batch(Train, indices, x, y)
			}
		})
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	s := fakehistory.Random(rand.New(rand.NewPCG(17, 18)), 300, 41, 5)
	for _, d := range []*Set{
		mustNew(t, s, Options{Target: "feature 0", Horizons: []int{1, 4, 10}, Anchor: features.AnchorChange}),
		mustNew(t, scaledAtRandom(300), Options{Label: Required{}, Horizons: []int{1, 4, 10}, Anchor: features.AnchorDemand}),
	} {
		indices := []int{3, 1, 2}
		x, y := make([]float32, 3*d.InputLen()), make([]float32, 3*d.LabelLen())
		if n := testing.AllocsPerRun(20, func() { d.Batch(Train, indices, x, y) }); n > 0 {
			t.Errorf("%s: a batch allocates %v times", d.Options().Anchor, n)
		}
	}
}
