package telemetry

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Oddities of samples that are used unchanged.
const (
	// Streams are requests that began long before the step in which they count.
	Streams Kind = "requests are counted when they end, long after they began"
	// Overused are containers that use more than their limit.
	Overused Kind = "usage exceeds the limit"
	// Misnamed are services whose series seem to have a similar name.
	Misnamed Kind = "there are series under similar names"
	// Merged are several workloads with one name, which queries cannot distinguish.
	Merged Kind = "series of several workloads have the same name"
	// Unscraped are pods of a service that report no requests while others do.
	Unscraped Kind = "some pods of a service report no requests"
	// Miscounted are services that count a multiple of the calls made to them.
	Miscounted Kind = "callers and callee count requests differently"
	// Sourceless are calls without the label of their source.
	Sourceless Kind = "the label source_workload was removed"
)

// boundStreams bounds the requests of w by the work that was done. Meshes count a
// request when it ends, so a roll-out or the restart of a gateway counts all
// interrupted streams at once. That is not a burst: their mean latency shows that
// they began before the range of the count, and unsaturated CPU shows no more
// work than before. At most as many requests count as the CPU accounts for at
// other steps, and their latency is missing.
func boundStreams(w *estimator.Window, span time.Duration) []*Error {
	r, u := w.Channel(estimator.Replicas), w.Channel(estimator.CPU)
	l, q := w.Channel(estimator.Latency), w.Channel(estimator.Requests)
	if min(r, u, l, q) < 0 {
		return nil
	}
	var bounded []string
	for n, service := range w.Services {
		stream := func(t int) bool { return w.At(n, t, l) > span.Seconds() }
		var all, ordinary []float64 // requests for each replica's worth of CPU
		for t := range w.Steps {
			if each := w.At(n, t, q) / (w.At(n, t, r) * w.At(n, t, u)); !math.IsNaN(each) && !math.IsInf(each, 0) {
				all = append(all, each)
				if !stream(t) {
					ordinary = append(ordinary, each)
				}
			}
		}
		if len(all) == len(ordinary) {
			continue
		}
		if len(ordinary) == 0 {
			ordinary = all
		}
		slices.Sort(ordinary)
		each := ordinary[(len(ordinary)-1)/2]
		touched := false
		for t := range w.Steps {
			most := each * w.At(n, t, r) * w.At(n, t, u)
			if stream(t) && !demand.Saturated(w.At(n, t, u)) && w.At(n, t, q) > most {
				w.Set(n, t, q, most)
				w.Set(n, t, l, math.NaN())
				touched = true
			}
		}
		if touched {
			bounded = append(bounded, service.String())
		}
	}
	if len(bounded) == 0 {
		return nil
	}
	return []*Error{{Feature: string(estimator.Requests), Kind: Streams,
		Detail: fmt.Sprintf("of %s, at most what the CPU used at other steps accounts for is taken", strings.Join(bounded, ", "))}}
}

const (
	// impossibleUse is a utilisation that a limit excludes, and impossibleSteps
	// the number of steps at the end of a window for which it must last.
	impossibleUse   = 1.1
	impossibleSteps = 3
)

// overused finds services that stay above their limit.
func overused(w *estimator.Window) []*Error {
	c := w.Channel(estimator.CPU)
	if c < 0 || w.Steps < impossibleSteps {
		return nil
	}
	var found []string
	for n, service := range w.Services {
		least := math.Inf(1)
		for t := w.Steps - impossibleSteps; t < w.Steps; t++ {
			least = math.Min(least, w.At(n, t, c))
		}
		if least > impossibleUse {
			found = append(found, fmt.Sprintf("%s %.2f", service, least))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return []*Error{{Feature: string(estimator.CPU), Kind: Overused, Detail: strings.Join(found, ", ") +
		": is a metric scraped twice under labels that the query keeps, or does the backend hold several clusters? (pods without limits, which are measured by requests, may do so)"}}
}

const (
	// wholeWithin is the distance from a whole factor at which it is no chance, and
	// fewCalls the rate per second below which rounding makes any factor.
	wholeWithin = 0.02
	fewCalls    = 1.0
)

// miscounted finds services whose requests and the calls to them, as the mesh
// counts them over the window, differ by a whole factor. Both count the same
// requests, so one of the two is counted more than once.
func miscounted(w *estimator.Window) []*Error {
	q := w.Channel(estimator.Requests)
	if q < 0 || w.Calls == nil {
		return nil
	}
	called := make([]float64, len(w.Services))
	for _, c := range w.Calls.Calls {
		called[c.Destination] += c.Rate
	}
	var found []string
	for n, service := range w.Services {
		sum, count := 0.0, 0.0
		for t := range w.Steps {
			if v := w.At(n, t, q); !math.IsNaN(v) {
				sum += v
				count++
			}
		}
		answered := sum / max(count, 1)
		less, more := min(answered, called[n]), max(answered, called[n])
		if factor := math.Round(more / less); less >= fewCalls && factor >= 2 && math.Abs(more/less-factor) <= wholeWithin*factor {
			found = append(found, fmt.Sprintf("%s answers %.3g requests per second, and its callers make %.3g", service, answered, called[n]))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return []*Error{{Feature: string(estimator.Requests), Kind: Miscounted, Detail: strings.Join(found, ", ") +
		": is one of the two queries summed over both reporters, or scraped twice?"}}
}

// similar returns, for the services of w without a series, a series whose name
// has theirs as a prefix, such as the ReplicaSet of an Argo Rollout.
func similar(w *estimator.Window, owner map[int]bool, foreign []estimator.Service) []string {
	var found []string
	for n, s := range w.Services {
		if owner[n] {
			continue
		}
		i := slices.IndexFunc(foreign, func(o estimator.Service) bool {
			return o.Namespace == s.Namespace && strings.HasPrefix(o.Name, s.Name+"-")
		})
		if i >= 0 {
			found = append(found, fmt.Sprintf("%s has none, but %s has", s, foreign[i].Name))
		}
	}
	return found
}
