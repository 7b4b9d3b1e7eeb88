package selfmetrics

import (
	"math"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/trust"
)

func TestTrustIsExported(t *testing.T) {
	m := New(Build{})
	see := func(v trust.Verdict) { m.Planned(t.Context(), &tick.Basis{Application: "shop", Verdict: v}) }
	for range 2 {
		see(trust.Verdict{Trust: 1, Level: trust.Full, Violations: math.NaN()})
	}
	see(trust.Verdict{Trust: 0.4, Level: trust.Cautious, Violations: 0.25, Hindcasts: []trust.Hindcast{
		{Model: trust.Errors{Missing: 9}}, {Model: trust.Errors{Missing: 3, Spare: 2}, Baseline: trust.Errors{Spare: 1}},
	}})
	want := `# HELP deepscaler_hindcast_missing_replicas Replicas that the newest hindcast for the application had too few, by estimator: network, or hab for queueing theory.
# TYPE deepscaler_hindcast_missing_replicas gauge
deepscaler_hindcast_missing_replicas{application="shop",estimator="hab"} 0
deepscaler_hindcast_missing_replicas{application="shop",estimator="network"} 3
# HELP deepscaler_trust_changes_total Changes of the level of trust in the application's model, by the new level.
# TYPE deepscaler_trust_changes_total counter
deepscaler_trust_changes_total{application="shop",level="cautious"} 1
deepscaler_trust_changes_total{application="shop",level="full"} 1
# HELP deepscaler_trust_level 1 for what follows from trust: full (the model serves), cautious (never below queueing theory, slow scale-in) or none (queueing theory), else 0; absent without a model.
# TYPE deepscaler_trust_level gauge
deepscaler_trust_level{application="shop",level="cautious"} 1
deepscaler_trust_level{application="shop",level="full"} 0
deepscaler_trust_level{application="shop",level="none"} 0
# HELP deepscaler_trust_ratio Trust in the trained model of the application, from 0 to 1; absent without a model.
# TYPE deepscaler_trust_ratio gauge
deepscaler_trust_ratio{application="shop"} 0.4
`
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), "deepscaler_trust_ratio", "deepscaler_trust_level",
		"deepscaler_trust_changes_total", "deepscaler_hindcast_missing_replicas"); err != nil {
		t.Error(err)
	}
	if got := testutil.ToFloat64(m.trust.violations.WithLabelValues("shop")); got != 0.25 {
		t.Errorf("violations are %v", got)
	}
	see(trust.Verdict{Trust: math.NaN()})
	if n, err := testutil.GatherAndCount(m.registry, "deepscaler_trust_ratio", "deepscaler_trust_level", "deepscaler_slo_violation_ratio"); n != 0 || err != nil {
		t.Errorf("%d series of trust without a model, %v", n, err)
	}
}
