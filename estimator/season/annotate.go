package season

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Source has outlooks: [Season], and [Fitted] for the history that it was fitted on.
type Source interface {
	Ahead(service string, l Load, end time.Time, horizon int) Outlook
	Expect(service string, l Load, end time.Time, ahead int) float64
}

// Lookback is how many steps a seasonal feature looks back, itself included.
const Lookback = 12 * window

// Features returns those of the given features that [Annotate] adds.
func Features(all []estimator.Feature) []estimator.Feature {
	return slices.DeleteFunc(slices.Clone(all), func(f estimator.Feature) bool { return f.SeasonAhead() == 0 })
}

// Annotate returns w with the given seasonal features added. A step depends only on
// the last [Lookback] steps up to it, so it has the same value in training and in
// serving. A value is 0 where the season is not to be believed, and NaN without requests,
// at the first steps of w, and at those before from. A nil source has no season.
func Annotate(w *estimator.Window, source Source, features []estimator.Feature, from int) *estimator.Window {
	out := *w
	out.Features = slices.Concat(w.Features, features)
	width, had := len(out.Features), len(w.Features)
	out.Values = make([]float64, w.Steps*len(w.Services)*width)
	for i := range w.Steps * len(w.Services) {
		row := out.Values[i*width : (i+1)*width]
		for c := copy(row, w.Values[i*had:(i+1)*had]); c < width; c++ {
			row[c] = math.NaN()
		}
	}
	requests := w.Channel(estimator.Requests)
	if requests < 0 || len(features) == 0 {
		return &out
	}
	furthest := 0
	for _, f := range features {
		furthest = max(furthest, f.SeasonAhead())
	}
	if source == nil {
		source = &Season{}
	}
	for n, service := range w.Services {
		rates := make([]float64, w.Steps)
		for t := range rates {
			rates[t] = w.At(n, t, requests)
		}
		load := Load{Rates: rates}
		proven := prove(load, service.String(), source, furthest, w.Time)
		for t := max(from, window-1); t < w.Steps; t++ {
			now, trust := rates[t], proven.at(t)
			if math.IsNaN(now) {
				continue
			}
			for c, f := range features {
				change := 0.0
				if trust > 0 {
					expected := source.Expect(service.String(), load.slice(t+1-window, t+1), w.Time(t), f.SeasonAhead())
					change = trust * (expected - now)
				}
				if math.IsNaN(change) {
					change = 0
				}
				out.Set(n, t, had+c, change)
			}
		}
	}
	return &out
}
