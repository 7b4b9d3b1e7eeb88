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

// What is odd about samples that were read as they are.
const (
	// Streams are requests that began long before the step in which they count.
	Streams Kind = "requests are counted when they end, long after they began"
	// Overused are containers that use more than they can.
	Overused Kind = "more is used than is allowed"
	// Misnamed are services whose series seem to have other names.
	Misnamed Kind = "there are series under similar names"
	// Merged are workloads of one name that queries take for one.
	Merged Kind = "series of several workloads have the same name"
	// Unscraped are pods of a service that report no requests while others do.
	Unscraped Kind = "some pods of a service report no requests"
	// Sourceless are calls without the label that names their source.
	Sourceless Kind = "the label source_workload was removed"
)

// boundStreams bounds the requests of w by the work that was done. Meshes count a
// request when it ends, so a roll-out or the restart of a gateway counts at once
// all streams that it cuts, which is no burst: their mean latency says that they
// began before the range they are counted over, and CPU, which is not saturated,
// that no more work was done than before. At most so many requests then count as
// the work took at the other steps; their latency is no response time.
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
	// impossibleUse is a utilisation that a limit cannot let happen, and
	// impossibleSteps for how many steps at the end of a window it must last.
	impossibleUse   = 1.1
	impossibleSteps = 3
)

// overused finds services that stay above what they are allowed.
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

// similar returns, for the services of w that have no series, one whose name
// begins like theirs: the ReplicaSet of an Argo Rollout, for instance.
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
