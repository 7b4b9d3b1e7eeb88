package app

import (
	"strings"
	"testing"
)

const valid = `
apiVersion: testbed.deepscaler.io/v1alpha1
kind: Application
name: small
slo: {latency: 1s}
services:
- name: a
  replicas: 1
  resources: {limits: {cpu: 1, memory: 1Mi}}
  endpoints:
  - name: x
    calls:
    - {service: b, endpoint: y, times: 2}
- name: b
  replicas: 1
  resources: {limits: {cpu: 1, memory: 1Mi}}
  endpoints:
  - name: y
users:
  journeys:
  - {name: j, weight: 1, steps: [{service: a, endpoint: x}]}
  sessions:
  - {name: s, start: {one: 1}, states: [{name: one, journey: j, think: 1s, next: {one: 0.5}}]}
`

func TestDecodeRefuses(t *testing.T) {
	if _, err := Decode([]byte(valid)); err != nil {
		t.Fatalf("the document the cases start from: %v", err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"empty":               {valid, "", "empty"},
		"two documents":       {"users:", "---\nusers:", "more"},
		"unknown field":       {"  replicas: 1", "  replica: 1", "line 8: field replica not found"},
		"other kind":          {"kind: Application", "kind: Deployment", "kind"},
		"bad name":            {"- name: a", "- name: A_b", "A_b"},
		"same service":        {"- name: b", "- name: a", `service "a" is described twice`},
		"unknown endpoint":    {"endpoint: y, times: 2", "endpoint: z, times: 2", `no endpoint "z" of service "b"`},
		"call cycle":          {"  - name: y", "  - {name: y, calls: [{service: a, endpoint: x}]}", "a x → b y → a x"},
		"zero times":          {"times: 2", "times: 0", "above 0"},
		"huge times":          {"times: 2", "times: 1e9", "times"},
		"probability above 1": {"times: 2", "probability: 1.1", "probability"},
		"times of parallel":   {"{service: b, endpoint: y, times: 2}", "{parallel: [[{service: b, endpoint: y}]], times: 2}", "branches only"},
		"empty branch":        {"{service: b, endpoint: y, times: 2}", "{parallel: [[]]}", "branch is empty"},
		"negative duration":   {"latency: 1s", "latency: -1s", "negative"},
		"bare duration":       {"latency: 1s", "latency: 5", "not a duration"},
		"bad quantity":        {"cpu: 1, memory: 1Mi}}\n  endpoints:\n  - name: x", "cpu: lots, memory: 1Mi}}\n  endpoints:\n  - name: x", `line 9: "lots" is not a quantity`},
		"no limit":            {"cpu: 1, memory: 1Mi}}\n  endpoints:\n  - name: x", "memory: 1Mi}}\n  endpoints:\n  - name: x", "limits.cpu"},
		"all weights 0":       {"weight: 1", "weight: 0", "weight 0"},
		"negative weight":     {"weight: 1", "weight: -1", "weight"},
		"endless session":     {"next: {one: 0.5}", "next: {one: 1}", "does not end"},
		"too probable next":   {"next: {one: 0.5}", "next: {one: 1.5}", "above 1"},
		"session in a rush":   {"think: 1s, ", "", "think"},
		"cv without family":   {"  - name: y", "  - {name: y, demand: {cv: 2}}", "lognormal"},
		"default mix twice":   {"  sessions:", "  mixes: [{name: default, weights: {j: 1}}]\n  sessions:", "default mix"},
		"mix of nothing":      {"  sessions:", "  mixes: [{name: m, weights: {k: 1}}]\n  sessions:", `"k" is not described`},
	} {
		doc := strings.Replace(valid, c.old, c.new, 1)
		if doc == valid {
			t.Errorf("%s: the case changes nothing", name)
		}
		if _, err := Decode([]byte(doc)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error should contain %q, have: %v", name, c.want, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(valid))
	data, err := Source("bookinfo")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Decode(data)
		if err != nil {
			return
		}
		// What is accepted can be run: the expected calls are finite.
		weights, err := a.Users.Mix(DefaultMix)
		if err != nil {
			t.Fatal(err)
		}
		v, err := a.Visits(weights)
		if err != nil {
			t.Fatal(err)
		}
		if !(v.Calls >= v.Requests && v.Calls <= maxCalls+1) {
			t.Errorf("%v calls for %v requests", v.Calls, v.Requests)
		}
	})
}
