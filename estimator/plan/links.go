package plan

import (
	"sync"

	"github.com/deepscaler/deepscaler/estimator"
)

// Link is a relation between two services of a plan.
type Link struct {
	// Source is the zero Service for calls from outside the application.
	Source, Destination estimator.Service
	// Value is calls per second, or an entry of the affinity matrix above 0.
	Value float64
}

// Links are what was known, when a plan was made, of how its services depend on each other.
type Links struct {
	// Calls are the edges of the invocation graph with their rates; nil if unknown.
	Calls []Link
	// Expected are the same edges with their rates at the forecast load.
	Expected []Link
	// Affinity holds the entries between different services of the affinity matrix of
	// the network that serves (Eq. 10 of the paper); nil without one.
	Affinity []Link
}

// CallLinks returns the calls of a window, each times a factor.
func CallLinks(w *estimator.Window, factor func(estimator.Call) float64) []Link {
	if w.Calls == nil {
		return nil
	}
	links := make([]Link, 0, len(w.Calls.Calls))
	for _, c := range w.Calls.Calls {
		l := Link{Destination: w.Services[c.Destination], Value: c.Rate * factor(c)}
		if c.Source != estimator.Outside {
			l.Source = w.Services[c.Source]
		}
		links = append(links, l)
	}
	return links
}

// AffinityLinks returns the entries between different services of a matrix [N,N],
// row-major, that are at least the given one.
func AffinityLinks(services []estimator.Service, matrix []float32, least float64) (links []Link) {
	for i, from := range services {
		for j, to := range services {
			if v := float64(matrix[i*len(services)+j]); i != j && v >= least {
				links = append(links, Link{from, to, v})
			}
		}
	}
	return links
}

// WithLinks returns the plan with what is known of the dependences of its services. Links
// of other services are left out, and the names of a model's services get the
// namespace that they have in the plan. The function is called once, when links are first
// read: most clusters never do.
func (p *Plan) WithLinks(of func() Links) *Plan {
	out := *p
	out.links = sync.OnceValue(func() Links {
		l := of()
		return Links{Calls: p.resolve(l.Calls), Expected: p.resolve(l.Expected), Affinity: p.resolve(l.Affinity)}
	})
	return &out
}

func (p *Plan) resolve(links []Link) (resolved []Link) {
	find := func(s estimator.Service) (estimator.Service, bool) {
		if _, known := p.index[s]; known || s.Namespace != "" {
			return s, known
		}
		for _, d := range p.decisions {
			if d.Service.Matches(s) {
				return d.Service, true
			}
		}
		return s, false
	}
	for _, l := range links {
		destination, known := find(l.Destination)
		source, inside := find(l.Source)
		if known && (inside || l.Source == estimator.Service{}) {
			resolved = append(resolved, Link{source, destination, l.Value})
		}
	}
	return resolved
}

// Links returns what [Plan.WithLinks] was given, nothing without it. The slices must not be changed.
func (p *Plan) Links() Links {
	if p.links == nil {
		return Links{}
	}
	return p.links()
}
