package train

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Season is how the requests of the training and the validation part recur.
type Season struct {
	// Period is the time after which they do.
	Period Duration `json:"period"`
	// Worth is the weight of each service's profile at the furthest horizon, from 0
	// to 1.
	Worth []float64 `json:"worth"`
}

// findSeason fits the season on the training and the validation part, of which each cycle is
// forecast without itself: the newest cycles are most like the next. Without requests, or when they do not
// recur, there is none.
func (t *training) findSeason() error {
	history := t.input.History
	if history.Channel(estimator.Requests) < 0 {
		return nil
	}
	o := t.spec.Samples
	part := history.Slice(estimator.Range{To: o.Split.Of(samples.Validation, history.Steps).To})
	var err error
	t.season, err = season.Fit(part, t.input.Edges, slices.Max(o.Horizons))
	return err
}

// seasonReport returns nil without a season.
func (t *training) seasonReport() *Season {
	if t.season == nil {
		return nil
	}
	r := &Season{Period: Duration(t.season.Duration())}
	for _, worth := range t.season.Worth {
		r.Worth = append(r.Worth, worth[len(worth)-1])
	}
	return r
}

// seasonal returns the features of the options, and with them what the season expects at
// each horizon, unless the features were chosen or the analytic forecast has it.
func (t *training) seasonal(o samples.Options) []estimator.Feature {
	see := func(f estimator.Feature) bool { return slices.Contains(o.Features, f) }
	if t.season == nil || t.chosen || !see(estimator.Requests) || see(estimator.Analytic) {
		return o.Features
	}
	all := slices.Clone(o.Features)
	for _, ahead := range o.Horizons {
		if f := estimator.Seasonal(ahead); !see(f) {
			all = append(all, f)
		}
	}
	return all
}

// outlooks returns those of the season, in the training part without what is to be
// forecast; nil without a season.
func (t *training) outlooks() season.Source {
	if t.season == nil {
		return nil
	}
	return t.season
}

// steady marks the features of the season.
func steady(all []estimator.Feature) []bool {
	marks := make([]bool, len(all))
	for i, f := range all {
		marks[i] = f.SeasonAhead() > 0
	}
	return marks
}
