package train

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Season is how the requests of the training part recur.
type Season struct {
	// Period is the time after which they do.
	Period Duration `json:"period"`
	// Worth is the weight of each service's profile at the furthest horizon, from 0
	// to 1.
	Worth []float64 `json:"worth"`
}

// findSeason fits the season on the training part. Without requests, or when they do not
// recur, there is none.
func (t *training) findSeason() error {
	history := t.input.History
	if history.Channel(estimator.Requests) < 0 {
		return nil
	}
	o := t.spec.Samples
	part := history.Slice(o.Split.Of(samples.Train, history.Steps))
	var err error
	t.season, err = season.Fit(part, slices.Max(o.Horizons))
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
