package season

import (
	"math"
	"time"
)

const (
	// unproven is the error of a season as a share of that of persistence from which it is
	// not to be believed, proven that from which it is.
	unproven, proven = 0.9, 0.8
	// attempts is the least number of forecasts that prove something.
	attempts = 4 * window
)

// proof has the errors of a season and of persistence at the steps of a series, summed from
// the first step on.
type proof struct {
	ahead         int
	season, still []float64
	count         []int
}

// prove forecasts every step of the rates of a service from so many steps before.
//
// A window of minutes is too short to tell a load that grows for hours from one that grows
// at another time: the errors of the last hour are.
func prove(l Load, service string, source Source, ahead int, at func(step int) time.Time) *proof {
	rates := l.Rates
	p := &proof{ahead, make([]float64, len(rates)+1), make([]float64, len(rates)+1), make([]int, len(rates)+1)}
	for t, v := range rates {
		p.season[t+1], p.still[t+1], p.count[t+1] = p.season[t], p.still[t], p.count[t]
		origin := t - ahead
		if origin < window-1 {
			continue
		}
		expected := source.Expect(service, l.slice(origin+1-window, origin+1), at(origin), ahead)
		if off, change := math.Abs(v-expected), math.Abs(v-rates[origin]); !math.IsNaN(off + change) {
			p.season[t+1] += off
			p.still[t+1] += change
			p.count[t+1]++
		}
	}
	return p
}

// at returns how far a season is to be believed at a step, from 0 to 1, by the forecasts
// that were made and came true in the last [Lookback] steps.
func (p *proof) at(step int) float64 {
	from := max(0, step+1-Lookback+window-1+p.ahead)
	if from > step || p.count[step+1]-p.count[from] < attempts {
		return 0
	}
	season, still := p.season[step+1]-p.season[from], p.still[step+1]-p.still[from]
	if still <= 0 {
		return 0
	}
	return max(0, min(1, (unproven-season/still)/(unproven-proven)))
}
