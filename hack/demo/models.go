package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/test/stack"
)

// source is where the number of a service comes from.
type source struct {
	estimator string
	model     string // hash, "" for queueing theory
}

// planning is how the adapter makes its numbers.
type planning struct {
	sources map[string]source // by service
	trust   float64           // in the model, from 0 to 1; NaN without one
	learner string            // what the learner does, in a sentence
	graph   affinity          // of the model that plans
}

// model returns the one that plans any of the services, "" without one.
func (p planning) model() string {
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		if m := p.sources[name].model; m != "" {
			return m
		}
	}
	return ""
}

// lookAt reads it from the adapter's metrics and from the folder of its learner.
func lookAt(ctx context.Context, adapter *stack.Adapter) (planning, error) {
	p := planning{sources: map[string]source{}, trust: math.NaN(), learner: "it starts"}
	body, err := adapter.Metrics(ctx)
	if err != nil {
		return p, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		return p, fmt.Errorf("metrics of the adapter: %w", err)
	}
	for _, m := range families["deepscaler_forecast_info"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		p.sources[labels["service"]] = source{labels["estimator"], labels["model"]}
	}
	for _, m := range families["deepscaler_trust_ratio"].GetMetric() {
		p.trust = m.GetGauge().GetValue()
	}
	if status, err := adapter.Exchange().ReadStatus(); err == nil && len(status.Applications) > 0 {
		p.learner = string(status.Applications[0].State) + ": " + status.Applications[0].Detail
		// Another model may have come after these metrics were read.
		if m, err := adapter.Exchange().ReadServing(status.Applications[0].Name, artifact.Limits{}); err == nil && m.Hash() == p.model() {
			p.graph = strongest(m)
		}
	}
	return p, nil
}
