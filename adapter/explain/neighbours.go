package explain

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// neighbours returns the service itself and those that are related to it, with their
// effects. Those of other namespaces are only counted.
func neighbours(ctx context.Context, r *remembered, n int) (all []Neighbour, elsewhere int, err error) {
	b := r.basis
	s := b.Window.Services[n]
	related := relatives(b.Plan.Links(), s)
	services, elsewhere := nearest(related, s)
	rows := make([]int, len(services))
	for i, other := range services {
		rows[i] = b.Window.Service(other)
	}
	byNetwork := b.Origin.From[n] >= 0 && b.Model.Sources[b.Origin.From[n]].Estimator == tick.Network
	effects, err := r.theCase().Effects(ctx, n, byNetwork, rows)
	if err != nil {
		return nil, 0, err
	}
	for i, other := range services {
		related[other].Effect = Number(effects[i].Replicas)
		all = append(all, *related[other])
	}
	slices.SortStableFunc(all, func(x, y Neighbour) int {
		return cmp.Compare(math.Abs(float64(y.Effect)), math.Abs(float64(x.Effect)))
	})
	return all, elsewhere, nil
}

// relatives returns a service and all that calls or affinities link to it.
func relatives(links plan.Links, s estimator.Service) map[estimator.Service]*Neighbour {
	related := map[estimator.Service]*Neighbour{s: {Name: s.Name}}
	of := func(other estimator.Service) *Neighbour {
		if related[other] == nil {
			related[other] = &Neighbour{Name: other.Name}
		}
		return related[other]
	}
	for _, l := range links.Calls {
		switch {
		case l.Source == l.Destination:
		case l.Source == s:
			of(l.Destination).CalledBy += l.Value
		case l.Destination == s && l.Source != estimator.Service{}:
			of(l.Source).CallsIt += l.Value
		}
	}
	for _, l := range links.Affinity {
		switch s {
		case l.Source:
			of(l.Destination).Affinity = max(of(l.Destination).Affinity, l.Value)
		case l.Destination:
			of(l.Source).Affinity = max(of(l.Source).Affinity, l.Value)
		}
	}
	return related
}

// nearest returns the relatives in the namespace of a service with the strongest links, after
// the service itself, and the number of those in other namespaces.
func nearest(related map[estimator.Service]*Neighbour, s estimator.Service) (services []estimator.Service, elsewhere int) {
	for other := range related {
		if other.Namespace == s.Namespace {
			services = append(services, other)
		} else {
			elsewhere++
		}
	}
	weight := func(o estimator.Service) float64 {
		if o == s {
			return math.Inf(1)
		}
		return related[o].Affinity + related[o].CallsIt + related[o].CalledBy
	}
	slices.SortFunc(services, func(x, y estimator.Service) int {
		return cmp.Or(cmp.Compare(weight(y), weight(x)), x.Compare(y))
	})
	return services[:min(len(services), asked)], elsewhere
}
