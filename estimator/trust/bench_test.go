package trust

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

const (
	slo       = 100 * time.Millisecond // of the application
	looksBack = 40                     // steps of an analytic forecast
)

// trained returns a network of the sizes that training has by default, which also sees
// analytic forecasts, and forecasts what they do.
func trained(b testing.TB, w *estimator.Window) *model.Estimator {
	b.Helper()
	q := queueing.DefaultConfig()
	q.SLO = slo
	a := &artifact.Model{
		Kind: artifact.KindDeepScaler, Services: estimator.ServiceNames(w.Services),
		Features: append(estimator.FeatureNames(w.Features), string(estimator.Analytic)),
		Target:   string(estimator.Replicas), Label: artifact.LabelRequired, Window: 12, Horizons: []int{1, 2, 3, 4},
		Quantiles: []float64{0.5, 0.8, 0.95}, Step: w.Step, Created: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
		Hyperparameters: artifact.Hyperparameters{Hidden: 32, Kernel: 3, Blocks: 2, Quantile: 0.5},
	}
	n := len(a.Services)
	a.Scaler = artifact.Scaler{
		Anchor: artifact.AnchorAnalytic, Analytic: &q, AnalyticWindow: looksBack,
		TargetMean: slices.Repeat([]float64{3}, n), TargetStd: slices.Repeat([]float64{1}, n),
	}
	for range n {
		a.Scaler.Mean = append(a.Scaler.Mean, make([]float64, len(a.Features)))
		a.Scaler.Std = append(a.Scaler.Std, slices.Repeat([]float64{1}, len(a.Features)))
	}
	a.Affinity = slices.Repeat([]float32{1 / float32(n)}, n*n)
	network, err := model.DeepScaler().New(model.Config(a), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		b.Fatal(err)
	}
	a.Tensors = model.Tensors(network)
	e, err := model.NewEstimator(a)
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// busy returns a window of services under a noisy load, each of which calls the next.
func busy(services, steps int) *estimator.Window {
	rng := rand.New(rand.NewPCG(1, 1))
	var all []estimator.Service
	for i := range services {
		all = append(all, estimator.Service{Namespace: "shop", Name: fmt.Sprintf("service-%03d", i)})
	}
	w := estimator.NewWindow(all, estimator.DefaultFeatures(), steps, 15*time.Second, time.Unix(1_700_000_000, 0))
	w.Calls = &estimator.CallGraph{}
	for n := range all {
		w.Calls.Calls = append(w.Calls.Calls, estimator.Call{Source: n - 1, Destination: n, Rate: 300})
		for t := range steps {
			q := 300 * (1 + 0.1*rng.NormFloat64())
			copy(w.Row(n, t), []float64{4, 0.05 + q*0.007/4, 0.02 * (1 + 0.1*rng.NormFloat64()), q, 0.3})
		}
	}
	return w
}

// deciding returns the scheduler of a network that measures from what serves behind it.
func deciding(b testing.TB, w *estimator.Window) *Scheduler {
	b.Helper()
	q := queueing.DefaultConfig()
	q.SLO = slo
	hab, err := queueing.NewHAB(q)
	if err != nil {
		b.Fatal(err)
	}
	theory, err := queueing.NewAnalytic(q, looksBack)
	if err != nil {
		b.Fatal(err)
	}
	return &Scheduler{
		Config: ConfigOf(q, plan.DefaultConfig(), 0.8), Network: trained(b, w),
		Rest: []estimator.Estimator{estimator.Newest(hab, looksBack)}, Theory: theory,
	}
}

// BenchmarkScheduler is the computation of a tick: trust, forecast and plan, on the
// windows of the adapter's defaults.
func BenchmarkScheduler(b *testing.B) {
	for _, services := range []int{41, 200} {
		b.Run(fmt.Sprintf("services=%d", services), func(b *testing.B) {
			w := busy(services, 80)
			s := deciding(b, w)
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				f, origin, v, err := s.EstimateFrom(b.Context(), w)
				if err != nil || origin.From[0] != 0 || len(v.Hindcasts) != hindcasts {
					b.Fatalf("%v, from %v, %+v", err, origin, v)
				}
				if _, err := plan.Make(plan.DefaultConfig(), f, nil, plan.Observed{Window: w}, w.End); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// processorTime is that of the process so far, which other programs do not lengthen.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
