package simulation_test

import (
	"slices"
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

const chain = `
- name: front
  replicas: 1
  concurrency: 8
  queue: 100000
  timeout: 1h
  resources: {limits: {cpu: 1, memory: 1Gi}}
  memoryPerCall: 1Mi
  demand: {cpu: 1ms, distribution: constant}
  endpoints: [{name: GET /, calls: [{service: back, endpoint: get}]}]
- name: back
  replicas: 1
  concurrency: 1000
  queue: 100000
  timeout: 1h
  startDelay: 30s
  resources: {limits: {cpu: 1, memory: 1Gi}}
  demand: {cpu: 20ms, distribution: constant}
  endpoints: [{name: get}]
`

// A slow callee holds the places of its caller (Fig. 3 of the paper): the caller's latency
// explodes although its CPU idles, and never more than its concurrency reaches the callee.
func TestBackPressure(t *testing.T) {
	e := engine(t, describe(t, chain))
	poisson(t, e, 80) // back can serve 50
	e.Run(200)
	front, back := e.Totals(0), e.Totals(1)
	if busy := front.CPU / front.Limit; busy > 0.1 {
		t.Errorf("front's utilisation is %.2f, want it idle", busy)
	}
	if busy := back.CPU / back.Limit; busy < 0.98 {
		t.Errorf("back's utilisation is %.2f, want it saturated", busy)
	}
	if rate := float64(front.Requests) / 200; !within(rate, 50, 0.03) {
		t.Errorf("front answers %.1f requests/s, want back's 50", rate)
	}
	if latency := back.Seconds / float64(back.Requests); !within(latency, 8*0.020, 0.05) {
		t.Errorf("back's latency is %.3f s, want that of 8 calls at a time", latency)
	}
	if latency := front.Seconds / float64(front.Requests); latency < 10 {
		t.Errorf("front's latency is %.3f s, want a queue that grows", latency)
	}
}

// A pod serves only after its start delay.
func TestStartDelay(t *testing.T) {
	e := engine(t, describe(t, chain))
	poisson(t, e, 10)
	e.Run(100)
	if err := e.SetReplicas(1, 3); err != nil {
		t.Fatal(err)
	}
	e.Run(129.9)
	if got := e.Ready(1); got != 1 {
		t.Errorf("%d ready before the start delay is over, want 1", got)
	}
	e.Run(130)
	if got := e.Ready(1); got != 3 {
		t.Errorf("%d ready after the start delay, want 3", got)
	}
	if err := e.SetReplicas(1, -1); err == nil {
		t.Error("a negative number of replicas was accepted")
	}
}

// Pods that are scaled in finish what they have and then vanish; those that are not yet ready
// go first.
func TestDrain(t *testing.T) {
	e := engine(t, describe(t, chain))
	poisson(t, e, 40)
	for _, step := range []struct {
		at       float64
		replicas int
	}{{10, 4}, {100, 1}, {200, 5}, {205, 2}, {300, 1}} {
		e.Run(step.at)
		if err := e.SetReplicas(1, step.replicas); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.Ready(1); got != 1 {
		t.Errorf("%d ready, want 1", got)
	}
	e.Run(400)
	if got := e.TakeResponses(); got.Failures != 0 || got.Count == 0 {
		t.Errorf("%d of %d requests failed while pods drained", got.Failures, got.Count)
	}
	names := []string{}
	for _, p := range e.Pods() {
		if p.Service == 1 {
			names = append(names, p.Name)
		}
	}
	if len(names) != 1 {
		t.Errorf("pods %v are left, want one", names)
	}
}

// A live cluster names the pods, and says which are ready.
func TestSetPods(t *testing.T) {
	e := engine(t, describe(t, chain))
	poisson(t, e, 10)
	e.SetPods(1, []string{"back-a", "back-b"})
	e.Run(20)
	e.SetPods(1, []string{"back-b", "back-c"})
	e.Run(40)
	var names []string
	for _, p := range e.Pods() {
		if p.Service == 1 {
			names = append(names, p.Name)
		}
	}
	if want := []string{"back-b", "back-c"}; !slices.Equal(names, want) {
		t.Errorf("pods %v, want %v", names, want)
	}
	e.SetPods(1, nil)
	e.TakeResponses()
	e.Run(50)
	if got := e.TakeResponses(); got.Count == 0 || got.Failures != got.Count {
		t.Errorf("without a ready pod of back %d of %d requests fail, want all", got.Failures, got.Count)
	}
}

// Callers give up after the timeout of the callee, and a full queue refuses at once.
func TestTimeoutsAndOverflow(t *testing.T) {
	e := engine(t, describe(t, `
- name: front
  replicas: 1
  concurrency: 2
  queue: 3
  timeout: 1s
  resources: {limits: {cpu: 100m, memory: 1Gi}}
  demand: {cpu: 150ms, distribution: constant}
  endpoints: [{name: GET /}]
`))
	poisson(t, e, 5)
	e.Run(300)
	flags := map[string]uint64{}
	for _, s := range e.Sent(0) {
		flags[s.Flags] += s.Count
		if s.Flags == "UT" && !within(s.Seconds/float64(s.Count), 1, 1e-6) {
			t.Errorf("callers gave up after %v s on average, want 1", s.Seconds/float64(s.Count))
		}
	}
	if flags["UT"] == 0 || flags["UO"] == 0 {
		t.Errorf("responses by flag: %v, want timeouts (UT) and overflows (UO)", flags)
	}
}

// Branches run at the same time, calls in a row do not.
func TestParallelCalls(t *testing.T) {
	back := `
- name: back
  replicas: 1
  resources: {limits: {cpu: 4, memory: 1Gi}}
  demand: {latency: 100ms, distribution: constant}
  endpoints: [{name: get}]
`
	front := func(calls string) string {
		return `
- name: front
  replicas: 1
  resources: {limits: {cpu: 4, memory: 1Gi}}
  endpoints: [{name: GET /, calls: ` + calls + `}]` + back
	}
	for name, tc := range map[string]struct {
		calls string
		want  float64
	}{
		"in a row":    {"[{service: back, endpoint: get, times: 3}]", 0.3},
		"in parallel": {"[{parallel: [[{service: back, endpoint: get}], [{service: back, endpoint: get, times: 2}]]}]", 0.2},
	} {
		e := engine(t, describe(t, front(tc.calls)))
		poisson(t, e, 2)
		e.Run(500)
		if got := e.TakeResponses().Mean(); !within(got, tc.want, 1e-6) {
			t.Errorf("%s: mean response %v s, want %v", name, got, tc.want)
		}
		if got := e.Calls(0)[1]; got == 0 || e.Totals(1).Requests != got {
			t.Errorf("%s: %d calls counted at the caller, %d at the callee", name, got, e.Totals(1).Requests)
		}
	}
}

// The same seed sends the same requests, whatever becomes of them.
func TestArrivalsDoNotDependOnReplicas(t *testing.T) {
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	arrivals := func(replicas int) []simulation.Visit {
		e := engine(t, a)
		weights, err := a.Users.Mix("")
		if err != nil {
			t.Fatal(err)
		}
		l, err := load.NewOpen(a, weights, load.Profile{50, 80, 20}, 5, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := &counter{Load: l}
		e.SetLoad(c)
		for i := range a.Services {
			if err := e.SetReplicas(i, replicas); err != nil {
				t.Fatal(err)
			}
		}
		e.Run(200)
		return c.visits
	}
	few, many := arrivals(1), arrivals(20)
	if len(few) < 1000 || !slices.Equal(few, many) {
		t.Errorf("%d visits with few replicas, %d with many: want the same", len(few), len(many))
	}
}
