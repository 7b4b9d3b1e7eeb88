package flags

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/learner/train"
)

func bound(s *train.Spec) *pflag.FlagSet {
	fs := pflag.NewFlagSet("train", pflag.ContinueOnError)
	Add(s, func(string) *pflag.FlagSet { return fs })
	return fs
}

func TestHorizonFlag(t *testing.T) {
	for text, want := range map[string][]int{"1": {1}, "3": {1, 2, 3}, "1,4,10": {1, 4, 10}, "4, 2": {2, 4}} {
		s := train.DefaultSpec()
		err := bound(&s).Parse([]string{"--horizon", text})
		if diff := cmp.Diff(want, s.Samples.Horizons); err != nil || diff != "" {
			t.Errorf("--horizon %s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"0", "1,1", "next", "70000"} {
		s := train.DefaultSpec()
		if err := bound(&s).Parse([]string{"--horizon", text}); err == nil {
			t.Errorf("--horizon %s is taken as %v", text, s.Samples.Horizons)
		}
	}
}

// TestFlagsChangeNothingByThemselves: the defaults are those of the specification.
func TestFlagsChangeNothingByThemselves(t *testing.T) {
	s := train.DefaultSpec()
	if err := bound(&s).Parse(nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(train.DefaultSpec(), s); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// TestApply: flags that were given win over another specification, all others leave
// it.
func TestApply(t *testing.T) {
	given, other := train.DefaultSpec(), train.DefaultSpec()
	fs := bound(&given)
	if err := fs.Parse([]string{"--features", "cpu,requests", "--horizon", "2", "--slo", "1s", "--split", "50/25/25", "--epochs", "3", "--anchor", "level"}); err != nil {
		t.Fatal(err)
	}
	other.Samples.Window, other.Kind, other.Samples.Horizons, other.Learning.Quantiles = 7, "tgcn", []int{9}, []float64{0.8}
	if err := Apply(&other, fs); err != nil {
		t.Fatal(err)
	}
	want := given
	want.Samples.Window, want.Kind, want.Learning.Quantiles = 7, "tgcn", []float64{0.8}
	if diff := cmp.Diff(want, other); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
