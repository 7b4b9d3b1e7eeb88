package evaluation

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// counting counts the parts that are kept, by several at a time, and may cancel after some.
type counting struct {
	*Parts
	kept   atomic.Int64
	cancel func()
	after  int64
}

func (c *counting) Keep(key, value any) error {
	if c.kept.Add(1) == c.after {
		c.cancel()
	}
	return c.Parts.Keep(key, value)
}

func small() Options {
	return Options{
		Applications: []string{"testdata/pair.yaml"}, Workloads: []string{"sequence:length=3m"}, Autoscalers: []string{"hab", "deepscaler", "hpa-cpu"},
		Seeds: 2, Duration: time.Minute, School: 20 * time.Minute,
	}
}

// An evaluation that is interrupted goes on where it was: nothing is computed twice, and the page
// is the same as after one that computes nothing.
func TestRunGoesOn(t *testing.T) {
	parts, err := OpenParts(t.TempDir(), "program")
	if err != nil {
		t.Fatal(err)
	}
	run := func(ctx context.Context, c *counting, seeds int) (string, error) {
		o := small()
		o.Parts, o.Seeds = c, seeds
		found, err := Run(ctx, o)
		if err != nil {
			return "", err
		}
		var page strings.Builder
		err = found.Markdown(&page)
		return page.String(), err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := &counting{Parts: parts, cancel: cancel, after: 3}
	if _, err := run(ctx, first, 2); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want that of the interruption", err)
	}
	second := &counting{Parts: parts, cancel: cancel}
	page, err := run(t.Context(), second, 2)
	if err != nil {
		t.Fatal(err)
	}
	third := &counting{Parts: parts, cancel: cancel}
	again, err := run(t.Context(), third, 2)
	if err != nil {
		t.Fatal(err)
	}
	if first.kept.Load() < 3 || second.kept.Load() == 0 || third.kept.Load() != 0 {
		t.Errorf("kept %d, %d and %d parts, want some, the rest and none", first.kept.Load(), second.kept.Load(), third.kept.Load())
	}
	more := &counting{Parts: parts, cancel: cancel}
	if _, err := run(t.Context(), more, 3); err != nil {
		t.Fatal(err)
	}
	if most, added := first.kept.Load()+second.kept.Load(), more.kept.Load(); added == 0 || added >= most {
		t.Errorf("a third seed added %d parts to %d, want fewer than the first two took", added, most)
	}
	hold(t, page)
	if diff := cmp.Diff(page, again); diff != "" {
		t.Errorf("pages differ:\n%s", diff)
	}
}

// hold reports what a page lacks: it has every table and figure, and each autoscaler in each.
func hold(t *testing.T, text string) {
	t.Helper()
	for _, want := range []string{
		"## Table II", "In short: ", "That is less or other than by default", "## Fig. 10", "## Fig. 11", "## Fig. 12", "## Table III", "### pair under sequence:length=3m",
		"\n| hpa-cpu | 0.", "\n| pair | sequence:length=3m | deepscaler | ", "--autoscaler hab,deepscaler,hpa-cpu",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "NaN") || strings.Contains(line, "%!") {
			t.Errorf("line %q", line)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"one seed":         {func(o *Options) { o.Seeds = 1 }, "--seeds is 1, want at least 2"},
		"too many mixes":   {func(o *Options) { o.Patterns = 10 }, "--patterns is 10, want 0 to 9"},
		"a huge duration":  {func(o *Options) { o.Duration = 1e5 * time.Hour }, "--duration is 100000h0m0s"},
		"no application":   {func(o *Options) { o.Applications = nil }, "--app is empty"},
		"no such load":     {func(o *Options) { o.Workloads = []string{"x"} }, "--workload: there is no workload"},
		"a short school":   {func(o *Options) { o.School = time.Minute }, "1m0s of history are less than the warm-up"},
		"no such network":  {func(o *Options) { o.Autoscalers = []string{"x"} }, "--autoscaler: there is no autoscaler"},
		"no such shop.yml": {func(o *Options) { o.Applications = []string{"shop"} }, `--app: application "shop"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := small()
			c.change(&o)
			if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}
