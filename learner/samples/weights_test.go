package samples

import (
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

func TestWeightsAreInProportionToTheSpread(t *testing.T) {
	s := blank(200, time.Minute, fakehistory.Named("large", "small"), "requests")
	for i := range 200 {
		s.Set(0, i, 0, 100*math.Sin(float64(i)/5))
		s.Set(1, i, 0, math.Sin(float64(i)/5))
	}
	d, err := New(s, Options{Target: "requests"})
	if err != nil {
		t.Fatal(err)
	}
	w := d.Weights()
	if ratio := w[0] / w[1]; math.Abs(float64(ratio)-100) > 1e-3 || math.Abs(float64(w[0]+w[1])-2) > 1e-6 {
		t.Errorf("weights %v, want a ratio of 100 and a mean of 1", w)
	}
}
