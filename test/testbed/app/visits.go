package app

import (
	"fmt"
	"slices"
	"strings"
)

// Visits are expected numbers of calls when nothing fails. Divided by Requests
// they are the visit ratios of queueing theory: calls per request from outside.
type Visits struct {
	// Requests from outside.
	Requests float64
	// Calls in total, including those from outside.
	Calls float64
	// Services holds the calls to every service, callers outside included.
	Services []float64
	// Edges[i][j] holds the calls from service i to service j, without callers
	// outside.
	Edges [][]float64
	// CPU holds the CPU seconds of the calls at every service, without idle
	// CPU.
	CPU []float64
}

// Visits returns the visits of the mean journey under these weights, one for
// each journey (see [Users.Mix] and [Users.SessionMix]).
func (a *Application) Visits(weights []float64) (Visits, error) {
	if len(weights) != len(a.Users.Journeys) {
		return Visits{}, fmt.Errorf("%d weights for %d journeys", len(weights), len(a.Users.Journeys))
	}
	tree, err := a.expand()
	if err != nil {
		return Visits{}, err
	}
	total := 0.0
	for _, w := range weights {
		total += w
	}
	var steps []Step
	for i, j := range a.Users.Journeys {
		for _, s := range j.Steps {
			if weights[i] > 0 {
				s.Times = Positive(s.Times.Or(1) * weights[i] / total)
				steps = append(steps, s)
			}
		}
	}
	return tree.visit(steps), nil
}

// callTree is every endpoint of an application, callers before callees.
type callTree struct {
	app   *Application
	nodes []node
	index map[target]int
}

type target struct{ service, endpoint string }

type node struct {
	target
	service  int
	endpoint *Endpoint
	calls    []meanCall
}

type meanCall struct {
	target
	mean float64
}

func (t *callTree) visit(steps []Step) Visits {
	n := len(t.app.Services)
	v := Visits{Services: make([]float64, n), CPU: make([]float64, n), Edges: make([][]float64, n)}
	for i := range v.Edges {
		v.Edges[i] = make([]float64, n)
	}
	visits := make([]float64, len(t.nodes))
	for _, s := range steps {
		times := s.Times.Or(1)
		v.Requests += times
		visits[t.index[target{s.Service, s.Endpoint}]] += times
	}
	for i, from := range t.nodes {
		v.Calls += visits[i]
		v.Services[from.service] += visits[i]
		v.CPU[from.service] += visits[i] * from.endpoint.Demand.CPU.D().Seconds()
		for _, c := range from.calls {
			to := t.index[c.target]
			visits[to] += visits[i] * c.mean
			v.Edges[from.service][t.nodes[to].service] += visits[i] * c.mean
		}
	}
	return v
}

// expand sorts the endpoints topologically; a cycle of calls is an error.
func (a *Application) expand() (*callTree, error) {
	t := &callTree{app: a, index: make(map[target]int)}
	found := make(map[target]node)
	for i := range a.Services {
		for j := range a.Services[i].Endpoints {
			e := &a.Services[i].Endpoints[j]
			at := target{a.Services[i].Name, e.Name}
			found[at] = node{target: at, service: i, endpoint: e, calls: flatten(e.Calls, 1, nil)}
		}
	}
	const entered, left = 1, 2
	state := make(map[target]int, len(found))
	var path []string
	var enter func(at target) error
	enter = func(at target) error {
		path = append(path, at.service+" "+at.endpoint)
		defer func() { path = path[:len(path)-1] }()
		switch state[at] {
		case left:
			return nil
		case entered:
			return fmt.Errorf("the calls form a cycle: %s", strings.Join(path, " → "))
		}
		state[at] = entered
		for _, c := range found[at].calls {
			if err := enter(c.target); err != nil {
				return err
			}
		}
		state[at] = left
		t.nodes = append(t.nodes, found[at])
		return nil
	}
	for i := range a.Services {
		for j := range a.Services[i].Endpoints {
			if err := enter(target{a.Services[i].Name, a.Services[i].Endpoints[j].Name}); err != nil {
				return nil, err
			}
		}
	}
	slices.Reverse(t.nodes)
	for i, n := range t.nodes {
		t.index[n.target] = i
	}
	return t, nil
}

func flatten(calls []Call, share float64, into []meanCall) []meanCall {
	for _, c := range calls {
		share := share * c.Probability.Or(1)
		if c.Parallel == nil {
			into = append(into, meanCall{target{c.Service, c.Endpoint}, share * c.Times.Or(1)})
		}
		for _, branch := range c.Parallel {
			into = flatten(branch, share, into)
		}
	}
	return into
}
