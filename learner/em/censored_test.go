package em

import (
	"math"
	"testing"
)

// bounded has labels of 1 in every third sample and lower bounds of 0.3, which is no
// evidence against 1, in the others.
type bounded struct{ labelled }

func newBounded(s Samples) bounded {
	return bounded{labelled{s, func(i int) float32 {
		if i%3 == 0 {
			return 1
		}
		return 0.3
	}}}
}

func (b bounded) Censored(indices []int, mask []bool) {
	size := len(mask) / len(indices)
	for k, i := range indices {
		for j := range size {
			mask[k*size+j] = i%3 != 0
		}
	}
}

// A median of these labels would be 0.3.
func TestLearnAboveLowerBounds(t *testing.T) {
	m, p, c := lesson(t)
	p.Training, p.Validation = newBounded(p.Training), newBounded(p.Validation)
	c.GraphEpochs, c.Epochs, c.Rate, c.Decay = 0, 20, 1e-2, 0
	r, err := Learn(t.Context(), m, p, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Validation > 0.1 || math.Abs(r.Shares[0]-1) > 0.1 {
		t.Errorf("validation loss %v and share %v, want 0 and 1", r.Validation, r.Shares[0])
	}
	mean, n := 0.0, 0.0
	for _, y := range outputsOf(t, m, r.Affinity, p.Validation) {
		for _, v := range y {
			mean += float64(v)
			n++
		}
	}
	if mean /= n; math.Abs(mean-1) > 0.15 {
		t.Errorf("the mean prediction is %v, want 1", mean)
	}
}

func TestCalibrationAboveLowerBounds(t *testing.T) {
	m, p, c := lesson(t)
	for _, param := range m.Parameters() {
		if param.Name == "head.bias" {
			param.Data[0] = 1
		}
	}
	p.Validation = newBounded(p.Validation)
	if got := calibrated(t, m, p, c, firstAffinity(t, m, p, c)); got != 1 {
		t.Errorf("share %v of a prediction that is right, want 1", got)
	}
}
