package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/em"
)

// Transfer returns a model for other services, or for the same in another order:
// see [artifact.Model.Transfer]. The network defines which parameters have a row
// for each service.
func Transfer(a *artifact.Model, services []string) (*artifact.Model, error) {
	network, err := baseline.Load(a)
	if err != nil {
		return nil, err
	}
	rows := artifact.RowRule{}
	for _, p := range network.Parameters() {
		if p.ServiceAxis >= 0 {
			rows[p.Name] = p.ServiceAxis
		}
	}
	return a.Transfer(services, rows)
}

// checkParent reports where a resolved specification differs from the model to
// train further. The quantile may differ: learning can change it.
func (s Spec) checkParent(a *artifact.Model, history *estimator.Window) error {
	if a.Step != history.Step {
		return fmt.Errorf("the model was trained on steps of %v, but the history has steps of %v", a.Step, history.Step)
	}
	shape := model.Config(a)
	var errs []error
	same := func(name string, given, has any) {
		if given != has {
			errs = append(errs, fmt.Errorf("%s is %v, but that of the model is %v", name, given, has))
		}
	}
	same("model", s.Kind, a.Kind)
	same("target", string(s.Samples.Target), a.Target)
	same("label", s.label(), a.Label)
	same("anchor", s.Samples.Anchor, anchorOf(a))
	same("window", s.Samples.Window, a.Window)
	same("hidden", s.Network.Hidden, shape.Hidden)
	if a.Kind == artifact.KindDeepScaler { // the only one with a kernel
		same("kernel", s.Network.Kernel, shape.Kernel)
	}
	same("blocks", s.Network.Blocks, shape.Blocks)
	same("features", fmt.Sprint(s.Samples.Features), fmt.Sprint(a.Features))
	same("horizon", fmt.Sprint(s.Samples.Horizons), fmt.Sprint(a.Horizons))
	if errs != nil {
		return fmt.Errorf("%w; omit that setting, or train from scratch", errors.Join(errs...))
	}
	return nil
}

// between returns the calls between the given services.
func between(calls []Call, services []string) []Call {
	var kept []Call
	for _, c := range calls {
		if slices.Contains(services, c.Source) && slices.Contains(services, c.Destination) {
			kept = append(kept, c)
		}
	}
	return kept
}

// invocation returns the graph of the edges. It is binary (paper §IV-B): the
// network learns itself how much work goes along an edge.
func invocation(edges []estimator.Edge, n int) []em.Graph {
	if edges == nil {
		return nil
	}
	affinity := make([]float32, n*n)
	for _, e := range edges {
		if e.Source != e.Destination {
			affinity[e.Source*n+e.Destination] = 1
		}
	}
	return []em.Graph{{Name: "invocation", Affinity: affinity}}
}

// toBeat returns the parent's pair, which learning has to beat; nil without a
// parent.
func toBeat(a *artifact.Model) *em.Parent {
	if a == nil {
		return nil
	}
	p := &em.Parent{Affinity: a.Affinity}
	for _, g := range a.Graphs {
		p.Graphs = append(p.Graphs, em.Graph{Name: g.Name, Loss: g.Loss, Affinity: g.Affinity})
	}
	return p
}
