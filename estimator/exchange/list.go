package exchange

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Version is the version of the files' format. Raise it with every change that
// an older build would misread.
const Version = 1

// List has the applications that the learner should learn now.
type List struct {
	// Version is [Version].
	Version int `json:"version"`
	// Written is the time of writing. The adapter writes the list again when it
	// changes, and when it gains or loses the Lease.
	Written time.Time `json:"written"`
	// Applications are ordered by name. There are none where another adapter
	// holds the Lease.
	Applications []Application `json:"applications"`
}

// Application has the requirements of the adapter for a model of an
// application.
type Application struct {
	// Name is its name in the adapter: a namespace, or the value of an annotation.
	Name string `json:"name"`
	// Services are those with an autoscaler, in the order of
	// [estimator.Service.Compare].
	Services []Service `json:"services"`

	// Step is Δ, the time between two columns of a window.
	Step Duration `json:"step"`
	// Window is the most steps that a model may need ([model.Estimator.Steps]), and
	// QueueingWindow how many of the newest queueing theory sees.
	Window         int `json:"window"`
	QueueingWindow int `json:"queueingWindow"`
	// Features are the channels of the adapter's windows.
	Features []string `json:"features"`
	// LeadTime is the time until a decision takes effect. A model must forecast
	// at least that far.
	LeadTime Duration `json:"leadTime"`
	// Quantile is the one that the adapter serves of those that a model predicts, in
	// (0,1); 0 is the lowest.
	Quantile float64 `json:"quantile,omitempty"`

	// SLO is the response time that requests entering the application must keep,
	// 0 for none; SLOPercentile selects what it bounds: 0 the mean, 0.95 the
	// 95th percentile.
	SLO           Duration `json:"slo"`
	SLOPercentile float64  `json:"sloPercentile"`
	// MinUtilisation, MaxUtilisation and Headroom are the settings of the
	// queueing estimator, which a model is compared with: CPU used ÷ limit, and
	// the spare capacity in standard deviations of the load.
	MinUtilisation float64 `json:"minUtilisation"`
	MaxUtilisation float64 `json:"maxUtilisation"`
	Headroom       float64 `json:"headroom"`

	// Serving is the hash of the newest published model, in the file
	// serving/<application>.safetensors; "" without one.
	Serving string `json:"serving,omitempty"`
	// Refused is the last model that passed the learner's gate but that the
	// adapter did not publish; nil without one.
	Refused *Refusal `json:"refused,omitempty"`
}

// Service is one service of an application.
type Service struct {
	// Name is "namespace/name".
	Name string `json:"name"`
	// Min and Max are the bounds of its autoscaler, both included.
	Min int `json:"min"`
	Max int `json:"max"`
}

// Refusal is the reason why a model was not published.
type Refusal struct {
	// Model is its hash.
	Model string `json:"model"`
	// Reason is a sentence without a full stop.
	Reason string `json:"reason"`
}

// Duration is written as text, such as "30s".
type Duration struct{ time.Duration }

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) (err error) {
	d.Duration, err = time.ParseDuration(string(text))
	return err
}

// Validate reports every fault of the list.
func (l *List) Validate() error {
	var errs []error
	for i, a := range l.Applications {
		if i > 0 && l.Applications[i-1].Name >= a.Name {
			errs = append(errs, fmt.Errorf("application %q is not after the one before it", a.Name))
		}
		if err := a.validate(); err != nil {
			errs = append(errs, fmt.Errorf("application %q: %w", a.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (a *Application) validate() error {
	if _, err := FileName(a.Name); err != nil {
		return err
	}
	switch {
	case len(a.Services) == 0:
		return errors.New("it has no services")
	case a.Step.Duration < time.Second || a.LeadTime.Duration < a.Step.Duration:
		return fmt.Errorf("step is %v and leadTime %v, want at least a second and a step", a.Step, a.LeadTime)
	case a.QueueingWindow < 2 || a.Window < a.QueueingWindow:
		return fmt.Errorf("queueingWindow is %d and window %d, want at least 2 steps, and as many or more", a.QueueingWindow, a.Window)
	case len(a.Features) == 0 || slices.Contains(a.Features, ""):
		return fmt.Errorf("features are %q, want names", a.Features)
	case !(a.Quantile >= 0 && a.Quantile < 1):
		return fmt.Errorf("quantile is %v, want 0 to below 1", a.Quantile)
	case a.SLO.Duration < 0 || !(a.SLOPercentile >= 0 && a.SLOPercentile < 1):
		return fmt.Errorf("slo is %v at percentile %v, want at least 0s, and 0 to below 1", a.SLO, a.SLOPercentile)
	case !(a.MinUtilisation > 0 && a.MinUtilisation <= a.MaxUtilisation && a.MaxUtilisation < 1):
		return fmt.Errorf("utilisation is %v to %v, want between 0 and 1", a.MinUtilisation, a.MaxUtilisation)
	case !(a.Headroom >= 0):
		return fmt.Errorf("headroom is %v, want at least 0", a.Headroom)
	case a.Serving != "" && !isHash(a.Serving):
		return fmt.Errorf("serving is %.80q, want the hash of a model", a.Serving)
	case a.Refused != nil && !isHash(a.Refused.Model):
		return fmt.Errorf("refused is %.80q, want the hash of a model", a.Refused.Model)
	}
	services := make([]estimator.Service, len(a.Services))
	for i, s := range a.Services {
		service, err := estimator.ParseService(s.Name)
		if err != nil {
			return err
		}
		services[i] = service
		switch {
		case i > 0 && services[i-1].Compare(service) >= 0:
			return fmt.Errorf("service %s is not after the one before it", s.Name)
		case s.Min < 0 || s.Max < max(1, s.Min):
			return fmt.Errorf("service %s has bounds [%d, %d], want 0 ≤ min ≤ max and max at least 1", s.Name, s.Min, s.Max)
		}
	}
	return nil
}
