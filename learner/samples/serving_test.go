package samples

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// spy is a network that keeps what it sees and says what it is told.
type spy struct {
	gnn.Model[float32]

	saw, says []float32
}

func (s *spy) Inference() gnn.Pass[float32] { return spyPass{s.Model.Inference(), s} }

type spyPass struct {
	gnn.Pass[float32]

	spy *spy
}

func (p spyPass) Forward(x, _, y []float32) {
	p.spy.saw = append(p.spy.saw[:0], x...)
	copy(y, p.spy.says)
}

// served returns a predictor as the model file of d makes it, on a spy.
func served(t *testing.T, d *Set) (*spy, *model.Pass) {
	t.Helper()
	o, inputs, labels := d.Options(), d.InputScaler(), d.LabelScaler()
	a := &artifact.Model{
		Kind: artifact.KindDeepScaler, Services: estimator.ServiceNames(d.Series().Services), Features: estimator.FeatureNames(o.Features),
		Target: string(o.Target), Window: o.Window, Horizons: o.Horizons, Step: d.Series().Step,
		Hyperparameters: artifact.Hyperparameters{Hidden: 4, Kernel: 1, Blocks: 1},
		Scaler:          artifact.Scaler{TargetMean: labels.Mean, TargetStd: labels.Std, Sizings: o.Sizings, Clamp: o.Clamp},
		Affinity:        make([]float32, inputs.Services*inputs.Services),
	}
	if o.Anchor != features.AnchorLevel {
		a.Scaler.Anchor = string(o.Anchor)
	}
	for n := range inputs.Services {
		from, to := n*inputs.Features, (n+1)*inputs.Features
		a.Scaler.Mean, a.Scaler.Std = append(a.Scaler.Mean, inputs.Mean[from:to]), append(a.Scaler.Std, inputs.Std[from:to])
	}
	network, err := gnn.New(model.Config(a), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	s := &spy{Model: network}
	p, err := model.NewPredictor(a, s)
	if err != nil {
		t.Fatal(err)
	}
	return s, p.NewPass()
}

// A network is asked what it was taught: its inputs are those of training bit for
// bit, gaps or not, and what it would have to say means the label.
func TestServingSeesWhatTrainingSaw(t *testing.T) {
	for _, anchor := range features.Anchors() {
		checked := 0
		for seed := range uint64(30) {
			r := rand.New(rand.NewPCG(seed, 43))
			o := Options{
				Window: 1 + r.IntN(12), Horizons: []int{1, 3}, Anchor: anchor, Split: Split{1, 0, 0},
				Features: []estimator.Feature{estimator.CPU, estimator.Requests, estimator.Replicas},
			}
			w := torn(r)
			switch anchor {
			case features.AnchorAnalytic:
				analytic, err := queueing.NewAnalytic(queueing.DefaultConfig(), 4)
				if err != nil {
					t.Fatal(err)
				}
				if w, err = analytic.Annotate(t.Context(), w, 0, true); err != nil {
					t.Fatal(err)
				}
				o.Label, o.Features, o.Clamp = Required{}, append(o.Features, estimator.Analytic), 1.5
			case features.AnchorDemand:
				o.Label = Required{}
			}
			d, err := New(w, o)
			if err != nil {
				continue // the gaps leave no samples
			}
			network, pass := served(t, d)
			for i := range d.Samples(Train) {
				compare(t, d, i, network, pass)
				checked++
			}
		}
		if checked < 500 {
			t.Errorf("anchor %s: %d samples were compared, want at least 500", anchor, checked)
		}
	}
}

// compare compares sample i of the training part with what serving makes of the
// same window.
func compare(t *testing.T, d *Set, i int, network *spy, pass *model.Pass) {
	t.Helper()
	x, y := sample(d, Train, i)
	network.says = slices.Clone(y)
	for k, v := range y {
		if math.IsNaN(float64(v)) {
			network.says[k] = 0
		}
	}
	origin := d.Origin(Train, i)
	w, err := d.Series().Slice(estimator.Range{From: origin + 1 - d.Options().Window, To: origin + 1}).Select(d.Options().Features)
	if err != nil {
		t.Fatal(err)
	}
	got, want := make([]float64, len(y)), make([]float64, len(y))
	if err := pass.Predict(w.Values, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(x, network.saw); diff != "" {
		t.Fatalf("anchor %s: inputs of sample %d (-training +serving):\n%s", d.Options().Anchor, i, diff)
	}
	d.Labels(Train, []int{i}, want)
	for k := range got {
		if math.IsNaN(want[k]) || math.IsNaN(got[k]) { // no label, or nothing seen of the service
			got[k], want[k] = 0, 0
		} else if d.Options().Anchor == features.AnchorAnalytic { // never less than the forecast
			want[k] = max(want[k], d.Unscale(Train, i, k/len(d.Options().Horizons), 0))
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-5, 1e-5)); diff != "" {
		t.Fatalf("anchor %s: outputs of sample %d (-label +prediction):\n%s", d.Options().Anchor, i, diff)
	}
}
