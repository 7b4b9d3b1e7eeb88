package plan

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

var (
	unknownNeed = math.NaN()
	madeAt      = time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
)

// forecastOf returns a forecast in steps of 30 s with a row for each service
// a, b, c, ….
func forecastOf(rows ...[]float64) *estimator.Forecast {
	services := make([]estimator.Service, len(rows))
	for i := range services {
		services[i] = service(string(rune('a' + i)))
	}
	f := estimator.NewForecast(services, len(rows[0]), 30*time.Second)
	for n, row := range rows {
		for h, v := range row {
			f.Set(n, h, v)
		}
	}
	return f
}

func service(name string) estimator.Service { return estimator.Service{Namespace: "shop", Name: name} }

func mustMake(t testing.TB, c Config, f *estimator.Forecast, bounds map[estimator.Service]Bounds) *Plan {
	t.Helper()
	p, err := Make(c, f, bounds, Observed{}, madeAt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDecision(t *testing.T) {
	tests := []struct {
		name   string
		needs  []float64
		bounds Bounds
		want   int
		need   float64
		clamp  Clamp
	}{
		{"rounded up", []float64{3.2}, Bounds{1, 10}, 4, 3.2, Unclamped},
		{"a whole number", []float64{4}, Bounds{1, 10}, 4, 4, Unclamped},
		{"within the tolerance", []float64{4.05}, Bounds{1, 10}, 4, 4.05, Unclamped},
		{"just beyond it", []float64{4.06}, Bounds{1, 10}, 5, 4.06, Unclamped},
		{"the highest within the lead time", []float64{2, 7.5, 3, 9}, Bounds{1, 10}, 8, 7.5, Unclamped},
		{"below the minimum", []float64{0.3}, Bounds{2, 10}, 2, 0.3, AtMin},
		{"at the minimum is no clamp", []float64{1.7}, Bounds{2, 10}, 2, 1.7, Unclamped},
		{"above the maximum", []float64{12.4}, Bounds{1, 10}, 10, 12.4, AtMax},
		{"far above it", []float64{1e300}, Bounds{1, 10}, 10, 1e300, AtMax},
		{"nothing needed", []float64{0}, Bounds{1, 10}, 1, 0, AtMin},
		{"nothing needed, zero allowed", []float64{0}, Bounds{0, 10}, 1, 0, AtMin},
		{"a little needed, zero allowed", []float64{0.01}, Bounds{0, 10}, 1, 0.01, AtMin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustMake(t, DefaultConfig(), forecastOf(tt.needs), map[estimator.Service]Bounds{service("a"): tt.bounds})
			d, ok := p.Decision(service("a"))
			if !ok || d.Err != nil {
				t.Fatalf("decision %+v", d)
			}
			if d.Replicas != tt.want || d.Need != tt.need || d.Clamp != tt.clamp || d.Bounds != tt.bounds {
				t.Errorf("decided %d for a need of %v (%v), want %d for %v (%v)", d.Replicas, d.Need, d.Clamp, tt.want, tt.need, tt.clamp)
			}
			if n, err := p.Replicas(service("a")); n != tt.want || err != nil {
				t.Errorf("Replicas gives %d, %v", n, err)
			}
		})
	}
}

func TestUnknownNeedsHold(t *testing.T) {
	f := forecastOf(
		[]float64{3, 3, 3},
		[]float64{unknownNeed, unknownNeed, unknownNeed},
		[]float64{3, unknownNeed, 3},
		[]float64{3, 3, math.Inf(1)},
		[]float64{3, -1, 3},
	)
	bounds := map[estimator.Service]Bounds{service("gone"): {1, 10}}
	for _, s := range f.Services {
		bounds[s] = Bounds{1, 10}
	}
	c := DefaultConfig()
	c.LeadTime = 3 * f.Step
	p := mustMake(t, c, f, bounds)
	if n, err := p.Replicas(service("a")); n != 3 || err != nil {
		t.Errorf("a known service gets %d replicas, %v", n, err)
	}
	for _, name := range []string{"b", "c", "d", "e", "gone"} {
		d, ok := p.Decision(service(name))
		if !ok || !errors.Is(d.Err, ErrNoForecast) || !math.IsNaN(d.Need) || d.Replicas != 0 {
			t.Errorf("%s: decision %+v, want an error", name, d)
		}
		if _, err := p.Replicas(service(name)); !errors.Is(err, ErrNoForecast) {
			t.Errorf("%s: error %v, want %v", name, err, ErrNoForecast)
		}
	}
}

func TestUnknownStepsBeyondTheLeadTimeDoNotMatter(t *testing.T) {
	c := DefaultConfig()
	c.LeadTime = time.Minute
	p := mustMake(t, c, forecastOf([]float64{3, 4, unknownNeed, 9}), map[estimator.Service]Bounds{service("a"): {1, 10}})
	if n, err := p.Replicas(service("a")); n != 4 || err != nil {
		t.Errorf("%d replicas, %v, want the 4 needed within the lead time", n, err)
	}
}

func TestLeadTimeBeyondTheHorizon(t *testing.T) {
	c := DefaultConfig()
	c.LeadTime = time.Hour
	p := mustMake(t, c, forecastOf([]float64{3, 4}), map[estimator.Service]Bounds{service("a"): {1, 10}})
	if n, err := p.Replicas(service("a")); n != 4 || err != nil {
		t.Errorf("%d replicas, %v, want 4", n, err)
	}
}

func TestPlanCoversTheServicesThatAreScaled(t *testing.T) {
	f := forecastOf([]float64{1}, []float64{2}, []float64{3})
	p := mustMake(t, DefaultConfig(), f, map[estimator.Service]Bounds{
		service("c"): {1, 5}, service("a"): {1, 5}, {Namespace: "bank", Name: "z"}: {1, 5},
	})
	var got []string
	for d := range p.Decisions() {
		got = append(got, d.Service.String())
	}
	if want := []string{"bank/z", "shop/a", "shop/c"}; !slices.Equal(got, want) || p.Len() != 3 {
		t.Errorf("plan of %d: %v, want %v", p.Len(), got, want)
	}
	for range p.Decisions() {
		break // stopping early must not panic
	}
	if _, ok := p.Decision(service("b")); ok {
		t.Error("a service that nobody scales is in the plan")
	}
	if _, err := p.Replicas(service("b")); !errors.Is(err, ErrUnknownService) || errors.Is(err, ErrNoForecast) {
		t.Errorf("error %v, want %v", err, ErrUnknownService)
	}
	if !p.Made().Equal(madeAt) || p.Step() != 30*time.Second {
		t.Errorf("made %v in steps of %v", p.Made(), p.Step())
	}
}

func TestPlanDoesNotChangeWithItsInputs(t *testing.T) {
	f := forecastOf([]float64{3})
	bounds := map[estimator.Service]Bounds{service("a"): {1, 10}}
	p := mustMake(t, DefaultConfig(), f, bounds)
	f.Set(0, 0, 9)
	f.Services[0] = service("other")
	bounds[service("a")] = Bounds{5, 6}
	d, _ := p.Decision(service("a"))
	d.Replicas += 7
	if n, err := p.Replicas(service("a")); n != 3 || d.Replicas != 10 || err != nil {
		t.Errorf("%d replicas, %v, want 3 as planned", n, err)
	}
}

func TestMakeRejects(t *testing.T) {
	good := func() *estimator.Forecast { return forecastOf([]float64{3, 4}) }
	ok := map[estimator.Service]Bounds{service("a"): {1, 10}}
	short := good()
	short.Replicas = short.Replicas[:1]
	flat := good()
	flat.Horizon = 0
	still := good()
	still.Step = 0
	bad := DefaultConfig()
	bad.LeadTime = 0
	tests := []struct {
		name     string
		config   Config
		forecast *estimator.Forecast
		bounds   map[estimator.Service]Bounds
	}{
		{"no forecast", DefaultConfig(), nil, ok},
		{"values cut short", DefaultConfig(), short, ok},
		{"no horizon", DefaultConfig(), flat, ok},
		{"no step", DefaultConfig(), still, ok},
		{"config", bad, good(), ok},
		{"crossed bounds", DefaultConfig(), good(), map[estimator.Service]Bounds{service("a"): {5, 4}}},
		{"negative minimum", DefaultConfig(), good(), map[estimator.Service]Bounds{service("a"): {-1, 4}}},
		{"no maximum", DefaultConfig(), good(), map[estimator.Service]Bounds{service("a"): {}}},
	}
	for _, tt := range tests {
		if p, err := Make(tt.config, tt.forecast, tt.bounds, Observed{}, madeAt); err == nil || p != nil {
			t.Errorf("%s: plan %v and error %v, want only an error", tt.name, p, err)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatalf("defaults: %v", err)
	}
	for _, c := range []Config{{}, {LeadTime: -1}, {LeadTime: 1, RoundingTolerance: 1}, {LeadTime: 1, RoundingTolerance: -0.1}, {LeadTime: 1, RoundingTolerance: unknownNeed}} {
		if c.Validate() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	for _, tt := range []struct {
		lead, step time.Duration
		want       int
	}{
		{75 * time.Second, 30 * time.Second, 3}, {60 * time.Second, 30 * time.Second, 2}, {61 * time.Second, 30 * time.Second, 3},
		{time.Second, 30 * time.Second, 1}, {75 * time.Second, 2 * time.Second, 38},
	} {
		if got := Steps(tt.lead, tt.step); got != tt.want {
			t.Errorf("%v in steps of %v: %d, want %d", tt.lead, tt.step, got, tt.want)
		}
	}
}

func TestClampString(t *testing.T) {
	if got := fmt.Sprint(Unclamped, AtMin, AtMax, AtPods); got != "none min max pods" {
		t.Errorf("clamps print as %q", got)
	}
}

// TestHeldReplicas: what is kept after a fall of the load overrides a lower need, within the
// bounds.
func TestHeldReplicas(t *testing.T) {
	for name, c := range map[string]struct {
		need, held float64
		want       int
		clamp      Clamp
	}{
		"more than is needed":      {2.5, 6.2, 7, AtHold},
		"within the tolerance":     {2.5, 6.03, 6, AtHold},
		"less than is needed":      {6.2, 2.5, 7, Unclamped},
		"nothing is held":          {2.5, math.NaN(), 3, Unclamped},
		"more than the maximum":    {2.5, 12, 9, AtMax},
		"no more than the minimum": {0.5, 1.5, 2, AtMin},
	} {
		f := forecastOf([]float64{c.need})
		w := estimator.NewWindow(f.Services, []estimator.Feature{estimator.Replicas}, 2, f.Step, madeAt)
		w.Set(0, 1, 0, 3)
		p, err := Make(DefaultConfig(), f, map[estimator.Service]Bounds{service("a"): {2, 9}}, Observed{Window: w, Held: []float64{c.held}}, madeAt)
		if err != nil {
			t.Fatal(err)
		}
		if d, _ := p.Decision(service("a")); d.Replicas != c.want || d.Clamp != c.clamp || d.Need != c.need {
			t.Errorf("%s: %d replicas by %v for a need of %v, want %d by %v for %v", name, d.Replicas, d.Clamp, d.Need, c.want, c.clamp, c.need)
		}
	}
}
