package knowledge

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// slack is how much later than its step a plan may come, and how much the clocks of
// adapter and reader may differ.
const slack = 5 * time.Second

// Application is the services that are placed together. It is immutable.
type Application struct {
	Name string
	// Made is the time of the oldest part, and Step the time between two plans.
	Made time.Time
	Step time.Duration
	// Services are in order, and Index has their positions.
	Services []estimator.Service
	Index    map[estimator.Service]int
	// Needed are the desired replicas, by position, NaN if unknown.
	Needed []float64
	// Calls are in calls per second; their source may be [estimator.Outside].
	Calls    []estimator.Call
	Affinity []estimator.Edge
}

// Fresh reports whether the plan still counts: for two steps, as it does for autoscalers.
func (a *Application) Fresh(now time.Time) bool {
	age := now.Sub(a.Made)
	return age <= 2*a.Step+slack && age >= -2*a.Step-slack
}

// Join returns the application of every service that the reports of its namespaces have.
func Join(reports []*Report) map[estimator.Service]*Application {
	byName := map[string]*Application{}
	desired := map[string]map[estimator.Service]float64{}
	for _, r := range reports {
		for name, services := range r.desired {
			a := byName[name]
			if a == nil {
				a = &Application{Name: name, Made: r.Made, Step: r.Step, Index: map[estimator.Service]int{}}
				byName[name], desired[name] = a, map[estimator.Service]float64{}
			}
			// The oldest part counts.
			if r.Made.Before(a.Made) {
				a.Made = r.Made
			}
			for s, n := range services {
				if _, known := desired[name][s]; !known || !math.IsNaN(n) {
					desired[name][s] = n
				}
			}
		}
	}
	k := map[estimator.Service]*Application{}
	for name, a := range byName {
		for s := range desired[name] {
			a.Services = append(a.Services, s)
		}
		slices.SortFunc(a.Services, estimator.Service.Compare)
		for i, s := range a.Services {
			a.Index[s] = i
			a.Needed = append(a.Needed, desired[name][s])
			k[s] = a
		}
	}
	for _, r := range reports {
		for _, l := range r.calls {
			if a := byName[l.application]; a != nil {
				a.Calls = append(a.Calls, estimator.Call{Source: a.position(l.source), Destination: a.Index[l.destination], Rate: l.value})
			}
		}
		for _, l := range r.affinity {
			if a := byName[l.application]; a != nil && a.position(l.source) >= 0 {
				a.Affinity = append(a.Affinity, estimator.Edge{Source: a.position(l.source), Destination: a.Index[l.destination], Weight: l.value})
			}
		}
	}
	return k
}

func (a *Application) position(s estimator.Service) int {
	if s == (estimator.Service{}) {
		return estimator.Outside
	}
	return a.Index[s]
}
