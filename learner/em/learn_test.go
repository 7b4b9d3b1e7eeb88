package em

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/learner/baseline"
)

// lesson is a small problem that takes a fraction of a second.
func lesson(t testing.TB) (*gnn.Network[float32], Problem, Config) {
	t.Helper()
	rng := rand.New(rand.NewPCG(2, 5))
	p := plant(rng, 6, 2, 300, 1)
	m, err := gnn.New(gnn.Config{Services: 6, Window: 4, Features: 1, Outputs: 1, Hidden: 8, Kernel: 3, Blocks: 2}, rng)
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.Iterations, c.Epochs, c.GraphEpochs = 2, 3, 1
	graph := Graph{Name: "traces", Affinity: make([]float32, 36)}
	for e := range p.shown {
		graph.Affinity[e] = 1
	}
	return m, Problem{Training: plantedSamples{p, 4, 4, 200}, Validation: plantedSamples{p, 4, 200, 299}, Graphs: []Graph{graph}}, c
}

// drawHead gives a network random weights in the head, which begins as zeros: then
// its outputs depend on the sample and on the graph.
func drawHead(t testing.TB, m gnn.Model[float32]) {
	t.Helper()
	rng := rand.New(rand.NewPCG(9, 5))
	for _, p := range m.Parameters() {
		if p.Name != "head.weight" {
			continue
		}
		for i := range p.Data {
			p.Data[i] = float32(rng.NormFloat64()) / 5
		}
		m.Refresh()
		return
	}
	t.Fatal("the network has no head.weight")
}

func TestLearningIsReproducible(t *testing.T) {
	learn := func(seed uint64, workers int) ([][]float32, *Result) {
		m, p, c := lesson(t)
		c.Seed, c.Workers = seed, workers
		r, err := Learn(t.Context(), m, p, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return parameters(m), r
	}
	first, firstResult := learn(1, 2)
	again, againResult := learn(1, 3)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("parameters differ between two and three workers:\n%s", diff)
	}
	if diff := cmp.Diff(firstResult, againResult, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("results differ between two and three workers:\n%s", diff)
	}
	if other, _ := learn(2, 2); cmp.Equal(first, other) {
		t.Error("another seed gives the same parameters")
	}
}

func TestLearnKeepsTheBestPair(t *testing.T) {
	m, p, c := lesson(t)
	before, err := validate(t.Context(), m, firstAffinity(t, m, p, c), p.Validation, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	var epochs []Epoch
	within := 0
	r, err := Learn(t.Context(), m, p, c, func(e Epoch, done float64, total int) {
		if !math.IsNaN(e.Validation) {
			epochs = append(epochs, e)
		} else if within++; done < float64(len(epochs)) || done >= float64(len(epochs)+1) || e.Epoch < 1 {
			t.Errorf("%v of %d epochs within epoch %+v, after %d", done, total, e, len(epochs))
		}
		if e.Validation == e.Validation && done != float64(len(epochs)) || total != 11 {
			t.Errorf("epoch %v of %d, want %d of 11", done, total, len(epochs))
		}
	})
	if within < 11 {
		t.Errorf("%d calls within epochs, want at least once in each", within)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(epochs, r.History); diff != "" || len(epochs) != 11 {
		t.Errorf("%d epochs were reported, which differ from the history:\n%s", len(epochs), diff)
	}
	after, err := validate(t.Context(), m, r.Affinity, p.Validation, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if after != r.Validation {
		t.Errorf("the model with its affinity has loss %v, in the result it is %v", after, r.Validation)
	}
	phases := map[string]int{}
	for _, e := range epochs {
		phases[e.Phase]++
		if e.Phase != "graph" && contrary*e.Validation < after {
			t.Errorf("epoch %+v was better than the result's %v by more than edges that were put back may cost", e, after)
		}
	}
	if diff := cmp.Diff(map[string]int{"policy": 6, "probe": 3, "graph": 2}, phases); diff != "" {
		t.Errorf("epochs by phase (-want +got):\n%s", diff)
	}
	for _, g := range r.Graphs {
		loss, err := validate(t.Context(), m, g.Affinity, p.Validation, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if g.Loss != loss {
			t.Errorf("graph %s has loss %v under the parameters that were kept, in the result it is %v", g.Name, loss, g.Loss)
		}
	}
	if after > 0.9*before {
		t.Errorf("loss %v after and %v before: nothing was learned", after, before)
	}
}

// firstAffinity is what policy learning starts from.
func firstAffinity(t *testing.T, m gnn.Model[float32], p Problem, c Config) []float32 {
	t.Helper()
	s := &session{config: c, problem: p, model: m, services: m.Config().Services}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	return s.affinity
}

// TestLearnOtherModels trains the networks of §V-C, whose graph is predefined.
func TestLearnOtherModels(t *testing.T) {
	_, p, c := lesson(t)
	c.Iterations, c.GraphEpochs = 1, 0
	shape := gnn.Config{Services: 6, Window: 4, Features: 1, Outputs: 1, Hidden: 8, Kernel: 1, Blocks: 1}
	for name, build := range map[string]func(gnn.Config, *rand.Rand) (gnn.Model[float32], error){
		"dcrnn": baseline.NewDCRNN, "tgcn": baseline.NewTGCN,
	} {
		m, err := build(shape, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Learn(t.Context(), m, p, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if h := r.History; h[len(h)-1].Training >= h[0].Training || len(h) != c.Epochs {
			t.Errorf("%s: training loss went from %v to %v in %d epochs", name, h[0].Training, h[len(h)-1].Training, len(h))
		}
		if diff := cmp.Diff(firstAffinity(t, m, p, c), r.Affinity); diff != "" {
			t.Errorf("%s: the predefined graph changed:\n%s", name, diff)
		}
	}
}

func TestLearnStopsWithItsContext(t *testing.T) {
	for _, after := range []int{1, 3, 4} { // in policy learning, at its end, in graph learning
		m, p, c := lesson(t)
		ctx, cancel := context.WithCancel(t.Context())
		epochs := 0
		r, err := Learn(ctx, m, p, c, func(e Epoch, _ float64, _ int) {
			if math.IsNaN(e.Validation) {
				return
			}
			if epochs++; epochs == after {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || r != nil || epochs > after {
			t.Errorf("cancelled after %d epochs: result %v, error %v, %d epochs", after, r, err, epochs)
		}
	}
}

// TestPatienceEndsAnIterationEarly has labels of 0, which a new network predicts
// exactly: no epoch is better than the first. With labels that can be learned, none
// is lost.
func TestPatienceEndsAnIterationEarly(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Problem)
		epochs int
	}{
		"nothing gets better": {func(p *Problem) {
			nothing := func(int) float32 { return 0 }
			p.Training, p.Validation = labelled{p.Training, nothing}, labelled{p.Validation, nothing}
		}, 1 + 2},
		"every epoch is better": {func(*Problem) {}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			m, p, c := lesson(t)
			c.Iterations, c.Epochs, c.GraphEpochs, c.Patience = 1, 6, 0, 2
			tt.change(&p)
			r, err := Learn(t.Context(), m, p, c, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.History) != tt.epochs {
				t.Errorf("%d epochs, want %d: %+v", len(r.History), tt.epochs, r.History)
			}
		})
	}
}

func TestLearnRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Problem, *Config)
		want   string
	}{
		"no samples":      {func(p *Problem, _ *Config) { p.Training = plantedSamples{from: 4, until: 4} }, "training"},
		"no validation":   {func(p *Problem, _ *Config) { p.Validation = plantedSamples{from: 4, until: 4} }, "validation"},
		"graph size":      {func(p *Problem, _ *Config) { p.Graphs[0].Affinity = make([]float32, 4) }, `"traces" has 4 entries, want 36`},
		"negative weight": {func(p *Problem, _ *Config) { p.Graphs[0].Affinity[7] = -1 }, "from service 1 to 1"},
		"parent's size":   {func(p *Problem, _ *Config) { p.Parent = &Parent{Affinity: make([]float32, 4)} }, `"of the parent" has 4 entries, want 36`},
		"parent's graph": {func(p *Problem, _ *Config) {
			p.Parent = &Parent{Affinity: make([]float32, 36), Graphs: []Graph{{Name: "learned 1"}}}
		}, `"learned 1" has 0 entries, want 36`},
		"pairs' size": {func(p *Problem, _ *Config) { p.Dependent = make([]float32, 4) }, `"of dependent pairs" has 4 entries, want 36`},
		"NaN weight":  {func(p *Problem, _ *Config) { p.Graphs[0].Affinity[7] = unknown }, "NaN"},
		"no batch":    {func(_ *Problem, c *Config) { c.Batch = 0 }, "batch is 0"},
		"quantile":    {func(_ *Problem, c *Config) { c.Quantiles = []float64{1} }, "quantile is 1"},
		"jitter":      {func(_ *Problem, c *Config) { c.Jitter = -1 }, "jitter is -1"},
		"rate":        {func(_ *Problem, c *Config) { c.Rate = math.NaN() }, "learning rate is NaN"},
		"several":     {func(_ *Problem, c *Config) { c.Batch, c.Workers = 0, 0 }, "workers is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			m, p, c := lesson(t)
			tt.change(&p, &c)
			if _, err := Learn(t.Context(), m, p, c, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to contain %q", err, tt.want)
			}
		})
	}
}

// validate returns the mean loss over all known labels.
func validate(ctx context.Context, m gnn.Model[float32], affinity []float32, s Samples, c Config, weights []float32) (float64, error) {
	l, err := lossesOf(ctx, m, affinity, s, c, weights)
	if err != nil {
		return 0, err
	}
	return l.mean(), nil
}
