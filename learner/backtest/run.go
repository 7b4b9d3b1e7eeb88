package backtest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Report is the result of a backtest in JSON.
type Report struct {
	// File, Hash and Kind are about the model.
	File string `json:"file"`
	Hash string `json:"hash"`
	Kind string `json:"kind"`
	// Target is what was predicted, in whose unit the errors are, and Label
	// where the truth came from.
	Target string `json:"target"`
	Label  string `json:"label"`
	// Step is the time of one step of a horizon.
	Step    Duration      `json:"step"`
	Split   samples.Split `json:"split"`
	Part    string        `json:"part"`
	Samples int           `json:"samples"`
	evaluate.Comparison
}

// Run predicts the part and writes how well that went.
func (c *Config) Run(ctx context.Context) error {
	network, err := baseline.Load(c.model)
	if err != nil {
		return fmt.Errorf("--model-file %s: %w", c.modelFile, err)
	}
	comparison, err := evaluate.Compare(ctx, c.data, c.part, evaluate.Model{Network: network, Affinity: c.model.Affinity, Shares: c.model.Scaler.Shares, Data: c.scaled}, c.workers)
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	if !c.perService {
		comparison.Services = nil
	}
	r := Report{
		File: c.modelFile, Hash: c.hash, Kind: c.model.Kind, Target: c.model.Target, Label: c.model.Label,
		Step: Duration(c.model.Step), Split: c.data.Options().Split, Part: c.part.String(), Samples: c.data.Samples(c.part),
		Comparison: *comparison,
	}
	if c.json {
		encoder := json.NewEncoder(c.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	fmt.Fprintf(c.out, "%s %.12s predicts %s (%s) in %d samples of the %s part, steps of %v, season of %d steps\n\n",
		r.Kind, r.Hash, r.Target, r.Label, r.Samples, r.Part, c.model.Step, r.Season)
	return comparison.WriteTable(c.out, c.perService)
}
