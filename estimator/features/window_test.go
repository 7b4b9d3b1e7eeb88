package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

var nan = math.NaN()

func services(n int) []estimator.Service {
	out := make([]estimator.Service, n)
	for i := range out {
		out[i].Name = fmt.Sprintf("s%03d", i)
	}
	return out
}

// random has about one sample in ten missing, and numbers of every size.
func random(r *rand.Rand, steps, n, c int) *estimator.Window {
	w := estimator.NewWindow(services(n), estimator.DefaultFeatures()[:c], steps, 30*time.Second, time.Unix(0, 0).UTC())
	for i := range w.Values {
		if r.IntN(10) > 0 {
			w.Values[i] = r.NormFloat64() * math.Pow(10, float64(r.IntN(30)-15))
		}
	}
	return w
}
