package plan

import (
	"math"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Observed is the knowledge about the pods of services at the time of a plan.
// With the zero value, no rule overrides the forecast.
type Observed struct {
	// Window is the window of the forecast; nil if unavailable.
	Window *estimator.Window
	// Pods are the desired pods, ready or not, of the services for which they are
	// known. For others, the most ready pods of the window count.
	Pods map[estimator.Service]int
	// Held are the replicas that each service of the window keeps although it needs fewer
	// now; NaN for none. Nil for all.
	Held []float64
}

// pods are the pods of one service.
type pods struct {
	// exist is their number, ready the number that serves; NaN if unknown.
	// counted is true if exist was counted and not inferred.
	exist, ready float64
	counted      bool
	// held are the replicas that are kept, NaN for none.
	held float64
	// cpu is used ÷ limit over running pods, NaN if unknown.
	cpu float64
	// lacking are the required features that are missing at the end of the
	// window.
	lacking []string
}

// recent is the number of newest columns of a window that count as the present.
const recent = 2

// of returns the pods of service s, which is row n of the window.
func (o Observed) of(s estimator.Service, n int) pods {
	p := pods{exist: math.NaN(), ready: math.NaN(), held: math.NaN(), cpu: math.NaN()}
	if n >= 0 && n < len(o.Held) {
		p.held = o.Held[n]
	}
	if w := o.Window; w != nil && n >= 0 {
		for _, f := range []estimator.Feature{estimator.Requests, estimator.CPU, estimator.Replicas} {
			newest, most := series(w, n, w.Channel(f))
			switch f {
			case estimator.CPU:
				p.cpu = newest
			case estimator.Replicas:
				p.ready, p.exist = newest, most
			}
			if math.IsNaN(newest) {
				p.lacking = append(p.lacking, string(f))
			}
		}
	}
	if count, ok := o.Pods[s]; ok {
		p.exist, p.counted = float64(count), true
	}
	return p
}

// series returns the newest of the recent samples and the largest of all, NaN
// without any.
func series(w *estimator.Window, n, channel int) (newest, most float64) {
	newest, most = math.NaN(), math.NaN()
	if channel < 0 {
		return newest, most
	}
	for t := range w.Steps {
		v := w.At(n, t, channel)
		if math.IsNaN(v) {
			continue
		}
		if t >= w.Steps-recent {
			newest = v
		}
		if !(most >= v) {
			most = v
		}
	}
	return newest, most
}

// gone reports that there is no pod at all, which could show demand.
func (p pods) gone() bool { return p.counted && p.exist == 0 && !(p.ready > 0) }

// present returns the pods that exist now, of which the most of the window say nothing.
func (p pods) present() float64 {
	if p.counted {
		return p.exist
	}
	return p.ready
}

// overloaded reports that some pods are not ready and that the others, with the
// work of all, have reached their limit. Overload first makes pods unready, and
// the requests that ready pods answer then say nothing about arrivals.
//
// CPU is the mean over all running pods. Ready pods can be at their limit below
// a mean of 1 if the others do nothing; where pods were counted, all work counts
// as that of ready pods.
func (p pods) overloaded() bool {
	busy := p.cpu
	if p.counted {
		busy *= p.exist / p.ready
	}
	return p.ready < p.exist && busy >= demand.SaturatedFrom
}

// missing describes what the window lacks.
func (p pods) missing() string {
	if len(p.lacking) == 0 {
		return "its telemetry does not suffice for an estimate"
	}
	slices.Sort(p.lacking)
	return "its telemetry lacks " + strings.Join(p.lacking, ", ")
}
