package samples

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestParseSplit(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want Split
		text string
	}{
		{"70/10/20", Split{0.7, 0.1, 0.2}, "70/10/20"},
		{"0.6/0.2/0.2", Split{0.6, 0.2, 0.2}, "60/20/20"},
		{" 6 / 2 / 2 ", Split{0.6, 0.2, 0.2}, "60/20/20"},
		{"80/20/0", Split{0.8, 0.2, 0}, "80/20/0"},
		{"62.5/12.5/25", Split{0.625, 0.125, 0.25}, "62.5/12.5/25"},
		{"1/0/0", Split{1, 0, 0}, "100/0/0"},
	} {
		var got Split
		if err := got.UnmarshalText([]byte(tc.in)); err != nil {
			t.Errorf("%q: %v", tc.in, err)
		}
		if diff := cmp.Diff(tc.want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" || got.String() != tc.text {
			t.Errorf("%q is %v, want %v (-want +got):\n%s", tc.in, got, tc.text, diff)
		}
	}
	for in, want := range map[string]string{
		"":              "want three numbers such as 70/10/20",
		"80/20":         "want three numbers",
		"70/10/20/0":    "want three numbers",
		"70/ten/20":     `"ten" is not a number`,
		"70/-10/40":     `"-10" is not a number from 0`,
		"70/NaN/30":     `"NaN" is not a number`,
		"70/Inf/30":     `"Inf" is not a number`,
		"0/50/50":       "the train part is 0 of the history",
		"0/0/0":         "the train part is NaN",
		"1000/1/0":      "the validation part is 0.000999",
		"1e9/1e9/1e300": `"1e300" is not a number`,
	} {
		if got, err := ParseSplit(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %v, error %v, want one with %q", in, got, err, want)
		}
	}
}

func TestSplitRanges(t *testing.T) {
	for _, tc := range []struct {
		split string
		steps int
		want  [3]estimator.Range
	}{
		{"70/10/20", 100, [3]estimator.Range{{From: 0, To: 70}, {From: 70, To: 80}, {From: 80, To: 100}}},
		{"70/10/20", 34272, [3]estimator.Range{{From: 0, To: 23990}, {From: 23990, To: 27418}, {From: 27418, To: 34272}}},
		{"80/0/20", 33, [3]estimator.Range{{From: 0, To: 26}, {From: 26, To: 26}, {From: 26, To: 33}}},
		{"75/25/0", 33, [3]estimator.Range{{From: 0, To: 25}, {From: 25, To: 33}, {From: 33, To: 33}}},
		{"100/0/0", 7, [3]estimator.Range{{From: 0, To: 7}, {From: 7, To: 7}, {From: 7, To: 7}}},
		{"50/1/49", 3, [3]estimator.Range{{From: 0, To: 2}, {From: 2, To: 2}, {From: 2, To: 3}}},
	} {
		s, err := ParseSplit(tc.split)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, s.ranges(tc.steps)); diff != "" {
			t.Errorf("%s of %d steps (-want +got):\n%s", tc.split, tc.steps, diff)
		}
	}
	// Whatever the split, the parts follow each other and cover everything.
	for steps := range 300 {
		for _, split := range []Split{DefaultSplit(), {0.01, 0, 0.99}, {0.98, 0.01, 0.01}, {1. / 3, 1. / 3, 1. / 3}} {
			r := split.ranges(steps)
			if r[0].From != 0 || r[0].To != r[1].From || r[1].To != r[2].From || r[2].To != steps || r[0].Len() < 0 || r[1].Len() < 0 || r[2].Len() < 0 {
				t.Fatalf("%v of %d steps: %v", split, steps, r)
			}
		}
	}
}
