package affinity

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// newModel returns a model of the given services and matrices that holds
// nothing else worth looking at.
func newModel(services []string, affinity []float32, graphs ...artifact.Graph) *artifact.Model {
	m := &artifact.Model{
		Kind:            artifact.KindDeepScaler,
		Services:        services,
		Features:        []string{"replicas"},
		Target:          "replicas",
		Label:           artifact.LabelRequired,
		Window:          2,
		Horizons:        []int{1},
		Step:            30 * time.Second,
		Hyperparameters: artifact.Hyperparameters{Hidden: 2, Kernel: 3, Blocks: 1, Order: 3, Quantile: 0.5},
		Affinity:        affinity,
		Graphs:          graphs,
		Created:         time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
		Tensors:         []artifact.Tensor{{Name: "head.weight", Shape: []int{1}, Data: []float32{1}}},
	}
	for range services {
		m.Scaler.Mean = append(m.Scaler.Mean, []float64{0})
		m.Scaler.Std = append(m.Scaler.Std, []float64{1})
		m.Scaler.TargetMean = append(m.Scaler.TargetMean, 0)
		m.Scaler.TargetStd = append(m.Scaler.TargetStd, 1)
	}
	return m
}

// shop is a model of five services: what the recorded graph says, an edge that
// was learned, two that are light, and self-loops.
func shop() *artifact.Model {
	return newModel([]string{"frontend", "cart", "checkout", "redis", "email"},
		[]float32{
			0.3, 0.4, 0.25, 0, 0,
			0, 0.5, 0, 0.6, 0,
			0, 0.35, 0.4, 0, 0.005,
			0, 0, 0, 1, 0,
			0.00001, 0, 0, 0.125, 1,
		},
		artifact.Graph{Name: "invocation", Loss: 0.375, Affinity: []float32{
			0.5, 0.5, 0.25, 0, 0,
			0, 0.5, 0, 0.5, 0,
			0, 0.25, 0.5, 0, 0.25,
			0, 0, 0, 1, 0,
			0, 0, 0, 0, 1,
		}},
		artifact.Graph{Name: "learned 1", Loss: math.NaN(), Affinity: []float32{
			0, 0.25, 0, 0, 0,
			0, 0, 0, 0.75, 0,
			0, 0.5, 0, 0, 0,
			0, 0, 0, 0, 0,
			0, 0, 0, 0.25, 0,
		}},
		artifact.Graph{Name: "identity", Loss: 0.5, Affinity: []float32{
			1, 0, 0, 0, 0,
			0, 1, 0, 0, 0,
			0, 0, 1, 0, 0,
			0, 0, 0, 1, 0,
			0, 0, 0, 0, 1,
		}},
		artifact.Graph{Name: "empty", Loss: 0.5, Affinity: make([]float32, 25)})
}

// recorded is the invocation graph of the shop.
const recorded = "source,destination,weight\nfrontend,cart,2\nfrontend,checkout,\ncheckout,email,1\ncheckout,cart,1\ncart,redis,1.5\ncart,cart,1\n"

// files writes a model and, unless it is empty, a known graph.
func files(t *testing.T, m *artifact.Model, compare string) *Options {
	t.Helper()
	t.Chdir(t.TempDir())
	o := NewOptions()
	o.ModelFile = "model.safetensors"
	if err := artifact.WriteFile(o.ModelFile, m); err != nil {
		t.Fatal(err)
	}
	if compare != "" {
		o.Compare = "graph.csv"
		if err := os.WriteFile(o.Compare, []byte(compare), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// golden is the absolute path of an expected output.
func golden(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
