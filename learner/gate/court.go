package gate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Court judges estimators on the same held-back steps.
type Court struct {
	history  *estimator.Window
	needs    samples.Labels
	origins  []int // last steps of windows
	window   int
	ahead    int // steps of the lead time
	quantile float64
}

// Case is what a [Court] judges by.
type Case struct {
	// History ends with the held-back steps, which begin at step From. Its graph, if
	// any, is that of all windows.
	History *estimator.Window
	From    int
	// Label finds what was needed. It is fitted on the steps before From.
	Label samples.Labeller
	// Window is the number of steps that estimators see.
	Window int
	// LeadTime is the time until a decision takes effect.
	LeadTime time.Duration
	// Quantile is that of the loss.
	Quantile float64
}

const (
	// mostOrigins bounds the forecasts that are judged: more of them, which overlap in
	// time, say little more.
	mostOrigins = 500
	// leastOrigins is what a judgement needs.
	leastOrigins = 10
)

// ErrTooShort is wrapped by the error for a history with too few held-back steps.
var ErrTooShort = errors.New("too little history to judge on")

// NewCourt returns a court. An error that wraps [ErrTooShort] is about the length of the
// history.
func NewCourt(c Case) (*Court, error) {
	if err := c.History.Validate(); err != nil {
		return nil, err
	}
	ahead := plan.Steps(c.LeadTime, c.History.Step)
	first, last := max(c.From-ahead, c.Window-1), c.History.Steps-1-ahead
	count := last - first + 1
	if count < leastOrigins || c.From < 1 {
		return nil, fmt.Errorf("%w: %d forecasts of %d steps in %d steps, want at least %d", ErrTooShort, max(count, 0), c.Window, c.History.Steps, leastOrigins)
	}
	needs, err := c.Label.Label(c.History, estimator.Range{From: 0, To: c.From})
	if err != nil {
		return nil, fmt.Errorf("what was needed in hindsight: %w", err)
	}
	court := &Court{history: c.History, needs: needs, window: c.Window, ahead: ahead, quantile: c.Quantile}
	every := (count + mostOrigins - 1) / mostOrigins
	for t := first; t <= last; t += every {
		court.origins = append(court.origins, t)
	}
	return court, nil
}

// Judgement is what a court found about one estimator.
type Judgement struct {
	exchange.Figures
	// losses are sums over the services, one for each origin.
	losses []float64
	counts []int
}

// Judge has an estimator forecast at every origin. A service without a forecast is an
// error, since the estimators that need no training forecast every service that has
// samples; steps at which nothing can be forecast are left out.
func (c *Court) Judge(ctx context.Context, e estimator.Estimator) (*Judgement, error) {
	j := &Judgement{losses: make([]float64, len(c.origins)), counts: make([]int, len(c.origins))}
	for i, t := range c.origins {
		f, err := e.Estimate(ctx, c.history.Slice(estimator.Range{From: t + 1 - c.window, To: t + 1}))
		if errors.Is(err, estimator.ErrInsufficientData) {
			continue
		}
		if err != nil {
			return nil, err
		}
		services := len(c.history.Services)
		for n := range services {
			at := (t+c.ahead)*services + n
			need, asked := c.needs.Values[at], most(f, n, c.ahead)
			if math.IsNaN(need) || math.IsNaN(asked) {
				continue
			}
			censored := c.needs.Censored != nil && c.needs.Censored[at]
			j.add(i, need, asked, censored, c.quantile)
		}
	}
	if j.Samples == 0 {
		return nil, fmt.Errorf("%w: none of its forecasts can be compared with a need", ErrTooShort)
	}
	j.Loss /= float64(j.Samples)
	j.Shortage /= float64(j.Samples)
	j.Cost /= float64(j.Samples)
	return j, nil
}

// most returns the largest forecast within the lead time, which is what is planned.
func most(f *estimator.Forecast, n, ahead int) float64 {
	if !f.Known(n) {
		return math.NaN()
	}
	top := f.At(n, 0)
	for h := range min(ahead, f.Horizon) {
		top = max(top, f.At(n, h))
	}
	return top
}

// add counts one forecast. Above a censored need, which is a lower bound, nothing is
// known to be too many.
func (j *Judgement) add(origin int, need, asked float64, censored bool, quantile float64) {
	short, spare := max(0, need-asked), max(0, asked-need)
	if censored {
		spare = 0
	}
	loss := quantile*short + (1-quantile)*spare
	j.Samples++
	j.Loss += loss
	j.Shortage += short
	j.Cost += spare
	j.losses[origin] += loss
	j.counts[origin]++
}
