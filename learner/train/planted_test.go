package train_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
	"github.com/deepscaler/deepscaler/learner/train"
)

// planted is an application whose dependencies are known: the load of a service is a
// mixture of that of its sources some steps ago and a share of its own.
type planted struct {
	history *estimator.Window
	edges   []estimator.Edge
}

// plant draws an application of eight services: three whose load wanders by itself,
// and others that follow one or two services one to three steps later.
func plant(seed uint64, steps int) planted {
	const services, roots = 8, 3
	rng := rand.New(rand.NewPCG(seed, 11))
	type source struct{ service, lag int }
	sources := make([][]source, services)
	var p planted
	order := rng.Perm(services)
	for at := roots; at < services; at++ {
		for n := order[at]; len(sources[n]) < 1+at%2; {
			from := order[rng.IntN(at)]
			if !slices.ContainsFunc(sources[n], func(s source) bool { return s.service == from }) {
				sources[n] = append(sources[n], source{from, 1 + rng.IntN(3)})
				p.edges = append(p.edges, estimator.Edge{Source: from, Destination: n, Weight: 1})
			}
		}
	}
	var names []string
	for n := range services {
		names = append(names, fmt.Sprintf("s%d", n))
	}
	p.history = estimator.NewWindow(fakehistory.Named(names...), []estimator.Feature{"replicas", "cpu", "latency", "requests", "memory"}, steps, 30*time.Second, time.Unix(1_700_000_000, 0))
	load, own := make([][]float64, steps), make([]float64, services)
	running := slices.Repeat([]float64{4}, services)
	for t := range load {
		load[t] = make([]float64, services)
		for n := range services {
			own[n] = 0.85*own[n] + 0.5*rng.NormFloat64()
			if rng.Float64() < 0.03 {
				own[n] += 2 * rng.NormFloat64()
			}
			load[t][n] = own[n]
			if len(sources[n]) > 0 {
				load[t][n] *= 0.2
			}
			for _, s := range sources[n] {
				if t >= s.lag {
					load[t][n] += load[t-s.lag][s.service] / math.Sqrt(float64(len(sources[n])))
				}
			}
			requests := 100 * math.Exp(0.25*load[t][n])
			work := 0.02 * requests * (1 + 0.02*rng.NormFloat64())
			cpu := min(1, work/running[n])
			for f, v := range []float64{running[n], cpu, 0.02 / (1 - min(0.95, cpu)), requests, 0.3 + 0.001*requests} {
				p.history.Set(n, t, f, v)
			}
			running[n] = math.Ceil(work / 0.5)
		}
	}
	return p
}

// precision is the area under the precision–recall curve (average precision) of weights
// that rank all pairs of services; undirected, a pair has the larger of its two weights.
func (p planted) precision(affinity []float32, directed bool) float64 {
	n := len(p.history.Services)
	type pair struct {
		weight float32
		is     bool
	}
	var pairs []pair
	is := func(i, j int) bool {
		return slices.ContainsFunc(p.edges, func(e estimator.Edge) bool { return e.Source == i && e.Destination == j })
	}
	for i := range n {
		for j := range n {
			switch {
			case directed && i != j:
				pairs = append(pairs, pair{affinity[i*n+j], is(i, j)})
			case i < j:
				pairs = append(pairs, pair{max(affinity[i*n+j], affinity[j*n+i]), is(i, j) || is(j, i)})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(b.weight, a.weight) })
	found, total, area := 0, 0, 0.0
	// Ties share the precision at their end, so that a constant is no better than chance.
	for at := 0; at < len(pairs); {
		end, hits := at, 0
		for ; end < len(pairs) && pairs[end].weight == pairs[at].weight; end++ {
			if pairs[end].is {
				hits++
			}
		}
		found, total = found+hits, total+hits
		area += float64(hits) * float64(found) / float64(end)
		at = end
	}
	return area / float64(total)
}

// plantedKinds are what is learned, with the defaults of deepscaler train.
var plantedKinds = map[string]func(s *train.Spec){
	"replicas": func(*train.Spec) {},
	"requests": func(s *train.Spec) { s.Samples.Target = estimator.Requests },
}

// finds is how well dependencies are found by training without a graph.
type finds struct {
	undirected, directed float64 // average precision
	edges                int
	mae, ideal           float64 // on the test part, and with the true graph
	seconds              float64
}

func find(tb testing.TB, seed uint64, steps int, set func(s *train.Spec)) (f finds) {
	tb.Helper()
	p := plant(seed, steps)
	s := train.DefaultSpec()
	set(&s)
	s.Learning.Seed = seed
	r, err := train.Train(tb.Context(), train.Input{History: p.history, Now: time.Now}, s)
	if err != nil {
		tb.Fatal(err)
	}
	f.undirected, f.directed = p.precision(r.Model.Affinity, false), p.precision(r.Model.Affinity, true)
	f.mae, f.edges, f.seconds = r.Report.Test.Overall.Model.MAE, r.Report.Edges, r.Report.CoreSeconds
	s.Learning.GraphEpochs = 0
	if r, err = train.Train(tb.Context(), train.Input{History: p.history, Edges: p.edges, Now: time.Now}, s); err != nil {
		tb.Fatal(err)
	}
	f.ideal = r.Report.Test.Overall.Model.MAE
	return f
}

// BenchmarkPlanted reports how well planted dependencies are found from nothing; five
// applications with -benchtime 5x.
func BenchmarkPlanted(b *testing.B) {
	for kind, set := range plantedKinds {
		b.Run(kind, func(b *testing.B) {
			var sum finds
			for i := range b.N {
				f := find(b, uint64(i)+1, 1000, set)
				b.Logf("seed %d: average precision %.3f, directed %.3f, %d edges, MAE %.4g, with the true graph %.4g, %.1f core-seconds",
					i+1, f.undirected, f.directed, f.edges, f.mae, f.ideal, f.seconds)
				sum.undirected += f.undirected
				sum.directed += f.directed
				sum.mae += f.mae / f.ideal
			}
			b.ReportMetric(sum.undirected/float64(b.N), "precision")
			b.ReportMetric(sum.directed/float64(b.N), "directed")
			b.ReportMetric(sum.mae/float64(b.N), "MAE-ratio")
		})
	}
}

// plantedSteps are few, so that the test is short under the race detector, too.
const plantedSteps = 500

// TestPlantedDependenciesAreFoundFromNothing has the defaults of deepscaler train and no
// graph: what is learned ranks the dependencies, and predicts nearly as well as with
// the true graph.
func TestPlantedDependenciesAreFoundFromNothing(t *testing.T) {
	for kind, set := range plantedKinds {
		t.Run(kind, func(t *testing.T) {
			f := find(t, 1, plantedSteps, set)
			t.Logf("average precision %.3f, directed %.3f, %d edges, MAE %.4g, with the true graph %.4g", f.undirected, f.directed, f.edges, f.mae, f.ideal)
			if f.undirected < 0.9 || f.directed < 0.8 {
				t.Errorf("average precision is %.3f, directed %.3f, want at least 0.9 and 0.8", f.undirected, f.directed)
			}
			if f.mae > 1.05*f.ideal {
				t.Errorf("MAE is %.4g, want within 5 %% of %.4g", f.mae, f.ideal)
			}
		})
	}
}
