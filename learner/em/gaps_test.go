package em

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/learner/autodiff"
)

// masked lacks some labels.
type masked struct {
	Samples
	labels int // of a sample
	lacks  func(index, label int) bool
}

func (m masked) Fill(indices []int, x, y []float32) {
	m.Samples.Fill(indices, x, y)
	for b, i := range indices {
		for k := range m.labels {
			if m.lacks(i, k) {
				y[b*m.labels+k] = unknown
			}
		}
	}
}

// gaps are labels that are missing: a share of single ones, and runs of whole samples.
type gaps [][]bool

func drawGaps(rng *rand.Rand, samples, labels int) gaps {
	g, single := make(gaps, samples), min(1, max(0, 1.5*rng.Float64()-0.3))
	for i := range g {
		for range labels {
			g[i] = append(g[i], rng.Float64() < single)
		}
	}
	for range rng.IntN(6) {
		from := rng.IntN(samples)
		for i := from; i < min(samples, from+1+rng.IntN(samples)); i++ {
			g[i] = slices.Repeat([]bool{true}, labels)
		}
	}
	return g
}

func (g gaps) lacks(index, label int) bool { return g[index][label] }

func (g gaps) complete() bool {
	return !slices.ContainsFunc(g, func(sample []bool) bool { return slices.Contains(sample, false) })
}

// TestLearnWithGaps learns from random patterns of missing labels: either it ends with
// finite numbers, or no label is left and it returns an error before the first epoch.
func TestLearnWithGaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 5))
	refused, emptyBatches := 0, 0
	for range 40 {
		m, p, c := lesson(t)
		const labels = 6
		c.Iterations, c.Epochs, c.GraphEpochs, c.Batch = 1, 1, 1, 1+rng.IntN(20)
		training, validation := drawGaps(rng, p.Training.Len(), labels), drawGaps(rng, p.Validation.Len(), labels)
		p.Training, p.Validation = masked{p.Training, labels, training.lacks}, masked{p.Validation, labels, validation.lacks}
		for at := range slices.Chunk(training, c.Batch) {
			if at.complete() {
				emptyBatches++ // in the pass over the samples in order
			}
		}
		epochs := 0
		r, err := Learn(t.Context(), m, p, c, func(e Epoch, _ float64, _ int) {
			if !math.IsNaN(e.Validation) {
				epochs++
			}
		})
		if training.complete() || validation.complete() {
			refused++
			if err == nil || !strings.Contains(err.Error(), "label") || epochs > 0 {
				t.Errorf("error %v after %d epochs, want one about labels before the first", err, epochs)
			}
			continue
		}
		if err != nil {
			t.Errorf("batches of %d: %v", c.Batch, err)
			continue
		}
		sum := r.Validation
		for _, values := range parameters(m) {
			for _, v := range values {
				sum += float64(v)
			}
		}
		for _, e := range r.History {
			sum += e.Training + e.Validation
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			t.Errorf("batches of %d: some number is not finite: %+v", c.Batch, r.History)
		}
	}
	if refused == 0 || emptyBatches < 50 {
		t.Errorf("%d problems without labels and %d empty batches, too few to test anything", refused, emptyBatches)
	}
}

// TestPassSkipsEmptyBatches has labels in two samples of the first batch and in one of the last.
func TestPassSkipsEmptyBatches(t *testing.T) {
	_, p, _ := lesson(t)
	l := loader{samples: masked{p.Training, 6, func(i, _ int) bool { return i != 0 && i != 2 && i != 9 }}, batch: 3, out: 6}
	order := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	to := autodiff.Batch{X: make([]float32, 3*4*6), Y: make([]float32, 3*6), Censored: make([]bool, 3*6)}
	var steps []batch
	mean, err := l.pass(t.Context(), order, to, func(b batch) (float64, error) {
		steps = append(steps, b)
		return float64(len(steps)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []batch{{at: 0, samples: 3, labels: 12}, {at: 9, samples: 1, labels: 6}}
	if diff := cmp.Diff(want, steps, cmp.AllowUnexported(batch{})); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if math.Abs(mean-4.0/3) > 1e-12 {
		t.Errorf("mean loss %v, want 4/3", mean)
	}
}
