package em

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

// parent learns something and returns the problem of going on from there.
func parent(t *testing.T) (gnn.Model[float32], Problem, Config, *Result) {
	t.Helper()
	m, p, c := lesson(t)
	r, err := Learn(t.Context(), m, p, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.KeptParent || !math.IsNaN(r.ParentValidation) {
		t.Errorf("there is no parent, but the result has one with loss %v", r.ParentValidation)
	}
	p.Parent = &Parent{Affinity: r.Affinity, Graphs: r.Graphs}
	return m, p, c, r
}

// TestParentIsToBeBeaten goes on with a learning rate that ruins everything.
func TestParentIsToBeBeaten(t *testing.T) {
	for name, graphEpochs := range map[string]int{"graph kept": 0, "graph learned": 1} {
		t.Run(name, func(t *testing.T) {
			m, p, c, before := parent(t)
			want := parameters(m)
			c.Rate, c.GraphEpochs = 1, graphEpochs
			r, err := Learn(t.Context(), m, p, c, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !r.KeptParent || r.Validation != before.Validation || r.ParentValidation != before.Validation {
				t.Errorf("parent kept: %t, loss %v after %v of the parent, want %v", r.KeptParent, r.Validation, r.ParentValidation, before.Validation)
			}
			for _, e := range r.History {
				if e.Validation <= before.Validation {
					t.Errorf("epoch %+v did no harm", e)
				}
			}
			if diff := cmp.Diff(want, parameters(m)); diff != "" {
				t.Errorf("the parameters are not those of the parent:\n%s", diff)
			}
			if diff := cmp.Diff(before.Affinity, r.Affinity); diff != "" {
				t.Errorf("the affinity matrix is not that of the parent:\n%s", diff)
			}
			for _, g := range r.Graphs {
				if loss, err := validate(t.Context(), m, g.Affinity, p.Validation, c, nil); err != nil || g.Loss != loss {
					t.Errorf("graph %s has loss %v under the parent, in the result it is %v (error %v)", g.Name, loss, g.Loss, err)
				}
			}
		})
	}
}

// TestParentIsBeaten goes on from the start of learning.
func TestParentIsBeaten(t *testing.T) {
	m, p, c := lesson(t)
	p.Parent = &Parent{Affinity: firstAffinity(t, m, p, c)}
	r, err := Learn(t.Context(), m, p, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.KeptParent || !(r.Validation < r.ParentValidation) {
		t.Errorf("parent kept: %t, loss %v after %v", r.KeptParent, r.Validation, r.ParentValidation)
	}
}

// TestParentIsResumed checks what learning starts with.
func TestParentIsResumed(t *testing.T) {
	const n = 6
	identity := graph.WithSelfLoops(make([]float32, n*n), n)
	stranger := slices.Clone(identity) // service 2 is new to it
	stranger[2*n+2] = 0
	for name, tt := range map[string]struct {
		graphEpochs int
		change      func(p *Problem)
		affinity    func(first []float32) []float32
		set         []string
	}{
		"as it was": {1, func(p *Problem) { p.Graphs = nil }, func([]float32) []float32 { return identity }, []string{"traces", "learned 7"}},
		"traces are new": {
			1, func(p *Problem) { p.Graphs[0].Name = "new" }, func([]float32) []float32 { return identity }, []string{"new", "traces", "learned 7"},
		},
		"traces are replaced": {1, func(*Problem) {}, func([]float32) []float32 { return identity }, []string{"traces", "learned 7"}},
		"no graph is learned": {0, func(*Problem) {}, func(first []float32) []float32 { return first }, []string{"traces", "learned 7"}},
		"a service is new": {
			1, func(p *Problem) { p.Parent.Affinity = stranger },
			func(first []float32) []float32 {
				want := slices.Clone(identity)
				for i := range n {
					want[2*n+i], want[i*n+2] = first[2*n+i], first[i*n+2]
				}
				return want
			},
			[]string{"traces", "learned 7"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, p, c := lesson(t)
			first := firstAffinity(t, m, p, c)
			c.GraphEpochs = tt.graphEpochs
			p.Parent = &Parent{Affinity: identity, Graphs: []Graph{{Name: "traces", Affinity: identity}, {Name: "learned 7", Affinity: identity}}}
			tt.change(&p)
			s := &session{config: c, problem: p, model: m, services: n}
			if err := s.start(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.affinity(first), s.affinity, cmpopts.EquateApprox(0, 1e-7)); diff != "" {
				t.Errorf("affinity (-want +got):\n%s", diff)
			}
			var names []string
			for _, g := range s.set {
				names = append(names, g.Name)
			}
			if diff := cmp.Diff(tt.set, names); diff != "" {
				t.Errorf("𝒜 (-want +got):\n%s", diff)
			}
			if name := s.nextName(); name != "learned 8" {
				t.Errorf("the first learned graph is called %q, want %q", name, "learned 8")
			}
		})
	}
}
