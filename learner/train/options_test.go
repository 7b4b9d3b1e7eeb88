package train_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/train"
)

func parse(t *testing.T, args ...string) (*train.Options, error) {
	t.Helper()
	o, all := train.NewOptions(), pflag.NewFlagSet("train", pflag.ContinueOnError)
	var groups []*pflag.FlagSet
	o.Flags(func(name string) *pflag.FlagSet {
		groups = append(groups, pflag.NewFlagSet(name, pflag.ContinueOnError))
		return groups[len(groups)-1]
	})
	for _, fs := range groups {
		all.AddFlagSet(fs)
	}
	if err := all.Parse(args); err != nil {
		return o, err
	}
	return o, o.Validate()
}

func TestHorizonFlag(t *testing.T) {
	for text, want := range map[string]train.Horizons{
		"1": {1}, "3": {1, 2, 3}, "1,4,10": {1, 4, 10}, "4, 2": {2, 4},
	} {
		o, err := parse(t, "--series", "s", "--out", "o", "--horizon", text)
		if diff := cmp.Diff(want, o.Horizons); err != nil || diff != "" {
			t.Errorf("--horizon %s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestBadFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args, want string
	}{
		"no series":              {"--series=", "--series is required"},
		"no out":                 {"--out=", "--out is required"},
		"out is the series":      {"--out ./s.csv", "--out and --series are both"},
		"out is the report":      {"--report m", "--out and --report are both"},
		"unknown network":        {"--model lstm", `--model is "lstm", want deepscaler or dcrnn or tgcn`},
		"dcrnn without a graph":  {"--model dcrnn", "--graph is required: dcrnn has no way to learn one"},
		"unknown label":          {"--label wanted", `--label is "wanted"`},
		"required requests":      {"--label required --target requests", "use --label observed"},
		"change of required":     {"--anchor change", "--anchor change needs --label observed"},
		"demand of observed":     {"--anchor demand --label observed", "--anchor demand needs --label required"},
		"demand of requests":     {"--anchor demand --target requests", "--anchor demand needs --label required"},
		"unknown anchor":         {"--anchor mean", `--anchor is "mean", want level or change or demand`},
		"unknown scale":          {"--scale none", `--scale is "none"`},
		"slo of observed":        {"--label observed --slo 1s", "--slo has no effect"},
		"negative slo":           {"--slo -1s", "--slo is -1s"},
		"percentile of nothing":  {"--slo-percentile 0.95", "no effect without --slo"},
		"percentile in per cent": {"--slo 1s --slo-percentile 95", "--slo-percentile is 95"},
		"no validation":          {"--split 80/0/20", "has no validation part"},
		"malformed split":        {"--split 70/30", "want three numbers"},
		"horizon 0":              {"--horizon 0", "from 1 to"},
		"horizon twice":          {"--horizon 1,1", "twice"},
		"horizon of words":       {"--horizon next", `"next" is not a number of steps`},
		"window":                 {"--window -1", "--window is -1"},
		"odd hidden":             {"--hidden 7", "hidden is 7, want an even number"},
		"even kernel":            {"--kernel 4", "kernel is 4, want an odd number"},
		"blocks":                 {"--blocks -1", "blocks is -1"},
		"quantile":               {"--quantile 1", "quantile is 1"},
		"epochs":                 {"--epochs 0", "epochs is 0"},
		"learning rate":          {"--learning-rate 0", "learning rate is 0"},
		"workers":                {"--workers -1", "workers is -1"},
		"empty feature":          {"--features cpu,,requests", "--features has an empty name"},
		"several":                {"--epochs 0 --hidden 7", "want an even number"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--series", "s.csv", "--out", "m"}, strings.Fields(c.args)...)
			if _, err := parse(t, args...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %q", err, c.want)
			}
		})
	}
	if _, err := parse(t, "--series", "s.csv", "--out", "m"); err != nil {
		t.Errorf("the defaults are bad: %v", err)
	}
}

// TestSettledAnchor: what is seen of the label is what outputs are measured from.
func TestSettledAnchor(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "demand"},
		{"--features cpu,replicas", "demand"},
		{"--features requests,replicas", "level"},
		{"--features requests,cpu", "level"},
		{"--anchor level", "level"},
		{"--label observed", "change"},
		{"--label observed --features cpu", "level"},
		{"--target requests", "change"},
		{"--target requests --features replicas,cpu", "level"},
	} {
		o, err := parse(t, append([]string{"--series", "s", "--out", "o"}, strings.Fields(c.args)...)...)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Settled().Anchor; got != c.want {
			t.Errorf("%q: anchor %s, want %s", c.args, got, c.want)
		}
	}
}

func TestFilesThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, o *train.Options)
		want   string
	}{
		"unknown feature":  {func(_ *testing.T, o *train.Options) { o.Features = []string{"memory"} }, `no feature "memory"; the features are ["replicas" "cpu"`},
		"unknown target":   {func(_ *testing.T, o *train.Options) { o.Target = "memory" }, `there is no "memory", which --target says; the features are replicas`},
		"horizon too long": {func(_ *testing.T, o *train.Options) { o.Horizons = train.Horizons{1, 200} }, "the history has 300 steps"},
		"too short": {func(t *testing.T, o *train.Options) {
			o.Series = writeSeries(t, t.TempDir(), walk(letters, 6))
		}, "the history has 6 steps; a window of 4"},
		"change without the target": {func(_ *testing.T, o *train.Options) {
			o.Anchor, o.Features = "change", []string{"cpu"}
		}, `needs the target "requests" among the features`},
		"demand without cpu": {func(_ *testing.T, o *train.Options) {
			o.Target, o.Anchor, o.Features = "replicas", "demand", []string{"replicas", "requests"}
		}, `anchor "demand" needs "cpu" among the features`},
		"jitter of a level": {func(_ *testing.T, o *train.Options) {
			o.Anchor, o.Learning.Jitter = "level", 0.1
		}, "--jitter needs --anchor change or demand"},
		"graph of others": {func(t *testing.T, o *train.Options) {
			write(t, o.Graph, "source,destination\na,z\n")
		}, `service "z" is not in the series`},
		"no series":      {func(_ *testing.T, o *train.Options) { o.Series += "x" }, "--series: open"},
		"no such folder": {func(_ *testing.T, o *train.Options) { o.Out = filepath.Join(o.Out, "m") }, "cannot be written"},
		"out is a folder": {func(_ *testing.T, o *train.Options) {
			o.Out = filepath.Dir(o.Out)
		}, "is a folder"},
		"required without cpu": {func(t *testing.T, o *train.Options) {
			s, err := walk(letters, 300).Select([]estimator.Feature{"replicas", "requests"})
			if err != nil {
				t.Fatal(err)
			}
			o.Series, o.Target, o.Features = writeSeries(t, t.TempDir(), s), "replicas", nil
		}, `no feature "cpu"`},
		"step of two days": {func(t *testing.T, o *train.Options) {
			s := walk(letters, 300)
			s.Step = 48 * time.Hour
			o.Series = writeSeries(t, t.TempDir(), s)
		}, "step is 48h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			o := quick(t)
			c.change(t, o)
			if _, _, err := run(t, o, 0); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %q", err, c.want)
			}
		})
	}
}
