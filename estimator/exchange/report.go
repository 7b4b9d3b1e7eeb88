package exchange

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Report is the result of one training: the gate's verdict on the trained
// child, and its basis.
type Report struct {
	// Version is [Version].
	Version int `json:"version"`
	// Application is the name of the application.
	Application string `json:"application"`
	// Model is the hash of the child.
	Model string `json:"model"`
	// Parent is the hash of the model that the child was judged against:
	// [Application.Serving] at the start of the training; "" without one.
	Parent string `json:"parent"`
	// Trained is when the training ended.
	Trained time.Time `json:"trained"`
	// Reason is why the training began: a sentence without a full stop, such as
	// "there was no model".
	Reason string `json:"reason"`
	// Published is true if the child passed the gate: the file of the model
	// then contains the child. Otherwise the file is unchanged.
	Published bool `json:"published"`
	// Verdict is the reason for the decision: a sentence without a full stop.
	Verdict string `json:"verdict"`

	// The gate compares on the same recent samples, which were not used for
	// training. Parent's figures are nil if none served or it could not be
	// judged.
	Child         Figures  `json:"child"`
	ParentFigures *Figures `json:"parentFigures,omitempty"`
	HAB           Figures  `json:"hab"`
}

// Figures are the errors of one estimator on held-back samples.
type Figures struct {
	// Samples is how many forecasts were judged, of one service each.
	Samples int `json:"samples"`
	// Loss is the mean pinball loss at the chosen quantile, in replicas.
	Loss float64 `json:"loss"`
	// Shortage and Cost are the mean replicas too few and too many.
	Shortage float64 `json:"shortage"`
	Cost     float64 `json:"cost"`
}

// Validate reports the first fault of the report.
func (r *Report) Validate() error {
	if _, err := FileName(r.Application); err != nil {
		return err
	}
	switch {
	case !isHash(r.Model):
		return fmt.Errorf("model is %.80q, want the hash of a model", r.Model)
	case r.Parent != "" && !isHash(r.Parent):
		return fmt.Errorf("parent is %.80q, want the hash of a model", r.Parent)
	case r.Trained.IsZero():
		return errors.New("trained is missing")
	case r.Reason == "" || r.Verdict == "":
		return errors.New("reason or verdict is missing")
	}
	figures := map[string]*Figures{"child": &r.Child, "parentFigures": r.ParentFigures, "hab": &r.HAB}
	for name, f := range figures {
		if f == nil {
			continue
		}
		for _, v := range []float64{f.Loss, f.Shortage, f.Cost} {
			if !(v >= 0) || math.IsInf(v, 1) {
				return fmt.Errorf("%s has %v, want finite numbers of at least 0", name, v)
			}
		}
		if f.Samples < 0 {
			return fmt.Errorf("%s has %d samples", name, f.Samples)
		}
	}
	return nil
}

// isHash reports whether s has the form of [artifact.Model.Hash].
func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
