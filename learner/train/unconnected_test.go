package train_test

import (
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/learner/train"
)

// TestUnconnectedNetworkHasTheSameLabels compares a network without edges with one that
// has those of the invocation graph: only what the network starts from differs.
func TestUnconnectedNetworkHasTheSameLabels(t *testing.T) {
	p := plant(1, 1000)
	reports := map[bool]*train.Report{}
	for _, unconnected := range []bool{false, true} {
		s := train.DefaultSpec()
		s.Unconnected = unconnected
		s.Network.Hidden, s.Network.Blocks = 4, 1
		s.Learning.Iterations, s.Learning.Epochs, s.Learning.GraphEpochs = 1, 1, 0
		r, err := train.Train(t.Context(), train.Input{History: p.history, Edges: p.edges, Now: time.Now}, s)
		if err != nil {
			t.Fatal(err)
		}
		reports[unconnected] = r.Report
	}
	if with, without := reports[false].Edges, reports[true].Edges; with != len(p.edges) || without != 0 {
		t.Errorf("the networks have %d and %d edges, want %d and none", with, without, len(p.edges))
	}
	of := func(r *train.Report) float64 { return r.Test.Overall.Persistence.MAE }
	if with, without := of(reports[false]), of(reports[true]); with != without {
		t.Errorf("persistence has MAE %v with the graph and %v without, so labels differ", with, without)
	}
}
