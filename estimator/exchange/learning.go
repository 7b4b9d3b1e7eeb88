package exchange

import (
	"errors"
	"fmt"
	"time"
)

// Learning is when the learner learns, and from what: the section learner of the
// configuration file.
type Learning struct {
	// Interval is the time between two looks at an application: its serving model is
	// tested on what came since, and trained again if there is a reason.
	Interval time.Duration `yaml:"interval"`
	// History is how far training looks back, and LeastHistory what there must be.
	History      time.Duration `yaml:"history"`
	LeastHistory time.Duration `yaml:"leastHistory"`
	// MaxAge is the age at which a model is trained again without another reason.
	MaxAge time.Duration `yaml:"maxAge"`
	// Iterations of expectation–maximisation in a training.
	Iterations int `yaml:"iterations"`
}

// DefaultLearning returns the defaults.
func DefaultLearning() Learning {
	return Learning{
		Interval: 6 * time.Hour, History: 72 * time.Hour, LeastHistory: 3 * time.Hour, MaxAge: 48 * time.Hour,
		Iterations: 5,
	}
}

// Validate reports every invalid field.
func (l Learning) Validate() error {
	var errs []error
	reject := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	reject(l.Interval < 10*time.Second, "interval is %v, want at least 10s", l.Interval)
	reject(l.LeastHistory < time.Minute, "leastHistory is %v, want at least 1m", l.LeastHistory)
	reject(l.History < l.LeastHistory, "history is %v, want at least leastHistory (%v)", l.History, l.LeastHistory)
	reject(l.MaxAge < l.Interval, "maxAge is %v, want at least interval (%v), since models are looked at no more often", l.MaxAge, l.Interval)
	reject(l.Iterations < 1 || l.Iterations > 100, "iterations is %d, want 1 to 100", l.Iterations)
	return errors.Join(errs...)
}
