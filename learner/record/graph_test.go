package record

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestEdges(t *testing.T) {
	const web, cart, stock = 0, 1, 2
	for name, c := range map[string]struct {
		mesh, traced calls
		want         []estimator.Edge
	}{
		"nothing known": {},
		"calls per call of the source, from outside or not": {
			mesh: calls{{estimator.Outside, web}: 30, {stock, web}: 10, {web, cart}: 60, {web, stock}: 10},
			want: []estimator.Edge{{Source: web, Destination: cart, Weight: 1.5}, {Source: web, Destination: stock, Weight: 0.25}, {Source: stock, Destination: web, Weight: 1}},
		},
		"an unused edge is none": {
			mesh: calls{{estimator.Outside, web}: 30, {web, cart}: 0},
		},
		"a source that nobody calls": {
			mesh: calls{{web, cart}: 7},
			want: []estimator.Edge{{Source: web, Destination: cart, Weight: 1}},
		},
		"the mesh counts, traces complete": {
			mesh:   calls{{estimator.Outside, web}: 10, {web, cart}: 20},
			traced: calls{{web, cart}: 1, {cart, stock}: 3},
			want:   []estimator.Edge{{Source: web, Destination: cart, Weight: 2}, {Source: cart, Destination: stock, Weight: 3}},
		},
		"traces alone": {
			traced: calls{{web, cart}: 4, {cart, stock}: 2},
			want:   []estimator.Edge{{Source: web, Destination: cart, Weight: 1}, {Source: cart, Destination: stock, Weight: 0.5}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, edges(c.mesh, c.traced)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJaegerIsAskedOnceForTheWholeRange(t *testing.T) {
	b := newBench(t)
	b.fake.calls = nil
	b.fake.dependencies = `{"data":[{"parent":"web","child":"cart","callCount":7}]}`
	var lookbacks []string
	b.fake.answer(func(_ http.ResponseWriter, form url.Values) bool {
		if form.Has("lookback") {
			lookbacks = append(lookbacks, form.Get("lookback"))
		}
		return false
	})
	withJaeger := func(o *Options) {
		o.JaegerURL = b.url
		o.Start = "-100m"
	}
	if err := b.run(withJaeger); err != nil {
		t.Fatal(err)
	}
	if want := []string{"6000000"}; !slices.Equal(lookbacks, want) {
		t.Errorf("Jaeger was asked for %v ms, want %v", lookbacks, want)
	}
	if got := b.read("graph.csv"); !strings.Contains(got, "web,cart,1\n") {
		t.Errorf("graph is %s", got)
	}
	if strings.Contains(b.out.String(), "warning") {
		t.Errorf("printed %s", b.out.String())
	}
}

func TestJaegerOutOfReachIsFoundOutFirst(t *testing.T) {
	b := newBench(t)
	err := b.run(func(o *Options) { o.JaegerURL, o.Attempts = "http://127.0.0.1:1", 2 })
	if err == nil || !strings.Contains(err.Error(), "without --jaeger-url") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("error %v", err)
	}
	if steps, _ := b.fake.columns(); len(steps) > 0 || len(b.waits) != 1 {
		t.Errorf("asked for %v steps after waits of %v", steps, b.waits)
	}
}
