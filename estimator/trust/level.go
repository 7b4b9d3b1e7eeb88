package trust

// Level is what follows from trust.
type Level int8

const (
	// None: the model does not serve.
	None Level = iota
	// Cautious: a higher quantile of the model serves, or queueing theory where it
	// forecasts more, and plans remove few pods at a time.
	Cautious
	// Full: the model serves.
	Full
)

// Levels returns all levels, from the lowest.
func Levels() []Level { return []Level{None, Cautious, Full} }

// String returns "none", "cautious" or "full".
func (l Level) String() string {
	switch l {
	case Cautious:
		return "cautious"
	case Full:
		return "full"
	}
	return "none"
}

const (
	// cautiousFrom and fullFrom are the least trust of their levels.
	cautiousFrom, fullFrom = 0.2, 0.8
	// mostFrom is the least trust with which the lower of two cautious quantiles serves.
	mostFrom = 0.5
	// cautiousQuantile is the least quantile that serves with the lowest trust of the
	// level cautious.
	cautiousQuantile = 0.95
	// cautiousScaleIn is the share of pods that a plan may then remove.
	cautiousScaleIn = 0.25
)

func levelOf(trust float64) Level {
	switch {
	case trust >= fullFrom:
		return Full
	case trust >= cautiousFrom:
		return Cautious
	}
	return None
}

// quantiles returns those to serve with full trust, with most of it and with little: the
// usual one, half of the way to the cautious one, and that one.
func quantiles(usual float64) []float64 {
	known := usual
	if known == 0 {
		known = 0.5 // what a model without other levels is made for
	}
	if known >= cautiousQuantile {
		return []float64{usual, usual, usual}
	}
	return []float64{usual, (known + cautiousQuantile) / 2, cautiousQuantile}
}

// choice returns the index of the quantile to serve. A higher one helps only where the
// model had too few replicas, or users had to wait.
func choice(v Verdict) int {
	missing := 0.0
	for _, h := range v.Hindcasts {
		missing += h.Model.Missing - h.Baseline.Missing
	}
	switch {
	case v.Trust >= fullFrom || missing <= 0 && !(v.Violations > tolerated):
		return 0
	case v.Trust >= mostFrom:
		return 1
	}
	return 2
}
