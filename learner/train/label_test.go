package train_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

func TestLabelInJSON(t *testing.T) {
	edges := []estimator.Edge{{Source: 0, Destination: 2, Weight: 1.5}}
	l := train.Label{Kind: "required", SLO: train.Duration(100 * time.Millisecond), SLOPercentile: 0.9, Calls: train.Calls(edges, fakehistory.Named(letters...))}
	text, err := json.Marshal(l)
	if want := `{"kind":"required","slo":"100ms","sloPercentile":0.9,"calls":[{"source":"a","destination":"c","weight":1.5}]}`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
	var back train.Label
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got, err := back.Labeller("replicas", fakehistory.Named(letters...))
	want := samples.Required{SLO: 100 * time.Millisecond, SLOPercentile: 0.9, Calls: edges}
	if diff := cmp.Diff(samples.Labeller(want), got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if text, err := json.Marshal(train.Label{Kind: "observed"}); err != nil || string(text) != `{"kind":"observed"}` {
		t.Errorf("%s, %v", text, err)
	}
}
