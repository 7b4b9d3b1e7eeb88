package season

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
	// cycles is the number of periods that a history must cover.
	cycles = 2
	// worthwhile is the share of the error without a season that one must stay below
	// in cycles that it was not fitted on.
	worthwhile = 0.98
)

// smoothings are the steps to either side over which a profile is averaged: bursts
// need none, noise needs many.
func smoothings() []int { return []int{0, 1, 2, 4, 8} }

// Fit fits the season of a history's requests. The period is a day, a week, or that of
// the highest autocorrelation, and the history must cover it at least twice. Of several
// periods it takes the one with the best forecasts, ahead steps from each window, in
// cycles that it was not fitted on. If none helps there, the result is nil. What services
// show while they, or their callers by the calls, are saturated is a lower bound. A history
// without requests is an error.
func Fit(history *estimator.Window, calls []estimator.Edge, ahead int) (*Fitted, error) {
	series, err := loads(history, calls)
	if err != nil {
		return nil, err
	}
	total := together(series)
	var best *Fitted
	lowest, smoothing := math.Inf(1), 0
	for _, p := range candidates(total.Rates, history.Step) {
		raw := newFitted(history, []string{""}, []Load{total}, p, ahead)
		flat := raw.flat()
		flat.carry(0, total)
		most := worthwhile * flat.try(0, total, ahead).error()
		for _, steps := range smoothings() {
			f := raw.smooth(steps)
			f.carry(0, total)
			if e := f.try(0, total, ahead).error(); e < min(lowest, most) {
				best, lowest, smoothing = f, e, steps
			}
		}
	}
	if best == nil {
		return nil, nil
	}
	f := newFitted(history, estimator.ServiceNames(history.Services), series, best.Period, ahead).smooth(smoothing)
	copy(f.Carry, best.Carry)
	flat, worth := f.flat(), 0.0
	for n, load := range series {
		flat.carry(n, load)
		f.judge(n, load, flat)
		worth = max(worth, slices.Max(f.Worth[n]))
	}
	if worth == 0 {
		return nil, nil
	}
	return f, nil
}

// candidates returns the periods to try, in steps.
func candidates(total []float64, step time.Duration) []int {
	centred, level := make([]float64, len(total)), demand.Mean(total)
	for t, v := range total {
		if !math.IsNaN(v) {
			centred[t] = v - level
		}
	}
	found := Period(centred)
	var all []int
	for _, known := range []time.Duration{day, week} {
		if p := int(known / step); known%step == 0 && cycles*p <= len(total) {
			all = append(all, p)
		}
	}
	// A day and a few minutes counts as a day.
	isKnown := slices.ContainsFunc(all, func(p int) bool { return math.Abs(float64(found-p)) < 0.02*float64(p) })
	if found >= shortest && cycles*found <= len(total) && !isKnown {
		all = append(all, found)
	}
	return all
}

// shortest is the shortest period in steps: windows show shorter ones by
// themselves.
const shortest = 2 * window
