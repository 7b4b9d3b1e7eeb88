package gate

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// blocks is the number of stretches of time that a difference is judged from. Neighbouring
// forecasts err alike, so single ones would make chance look certain.
const blocks = 10

// Verdict is the decision on a trained child, with the reason in a sentence without a
// full stop.
type Verdict struct {
	Publish bool
	Reason  string
}

// Decide lets a child serve if its loss is below those of queueing theory and of its parent
// (nil without one). Each difference is more than one standard error.
func Decide(child, parent, hab *Judgement) Verdict {
	ok, why := beats(child, hab, "queueing theory")
	if !ok || parent == nil {
		return Verdict{ok, why}
	}
	ok, of := beats(child, parent, "the model that serves")
	if ok {
		of = why + ", and " + of
	}
	return Verdict{ok, of}
}

// beats reports whether a judgement is better than another beyond chance.
func beats(child, rival *Judgement, name string) (bool, string) {
	better, deviation := difference(child, rival)
	text := fmt.Sprintf("its loss of %.4g is %.1f %% below the %.4g of %s", child.Loss, 100*(1-child.Loss/rival.Loss), rival.Loss, name)
	switch {
	case child.Samples < rival.Samples*9/10:
		return false, fmt.Sprintf("it forecasts %d of the %d needs that %s does", child.Samples, rival.Samples, name)
	case !(better > 0):
		return false, fmt.Sprintf("its loss of %.4g is not below the %.4g of %s", child.Loss, rival.Loss, name)
	case better < deviation:
		return false, text + ", which may be chance"
	}
	return true, text
}

// difference returns by how much the loss of a is below that of b in the mean over
// blocks of time, and the standard error of that.
func difference(a, b *Judgement) (mean, deviation float64) {
	var values []float64
	for k := range blocks {
		from, to := k*len(a.losses)/blocks, (k+1)*len(a.losses)/blocks
		sum, count := 0.0, 0
		for i := from; i < to; i++ {
			if a.counts[i] > 0 && b.counts[i] > 0 {
				sum += b.losses[i]/float64(b.counts[i]) - a.losses[i]/float64(a.counts[i])
				count++
			}
		}
		if count > 0 {
			values = append(values, sum/float64(count))
		}
	}
	if len(values) < 2 {
		return 0, math.Inf(1)
	}
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	n := float64(len(values))
	return mean, math.Sqrt(deviation / (n - 1) / n)
}

// FiguresOf returns the figures of a judgement, nil of none.
func FiguresOf(j *Judgement) *exchange.Figures {
	if j == nil {
		return nil
	}
	return &j.Figures
}
