package telemetry

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

// Prometheus anchors the expression of label_replace and uses the same engine.
func TestWorkloadOfPod(t *testing.T) {
	re := regexp.MustCompile("^(?s:" + workloadOfPod + ")$")
	for pod, want := range map[string]string{
		"web-5d4f8bcc97-x2x4z":                    "web",
		"product-catalog-service-7c9fdb58b-2wqxk": "product-catalog-service",
		"reviews-v1-545db77b95-7bq5d":             "reviews-v1",
		"web-5d4f8-22222":                         "web", // not ordinal 22222 of web-5d4f8
		"web-9-bcdfg":                             "web",
		"mysql-0":                                 "mysql",
		"ts-order-mongo-12":                       "ts-order-mongo",
		"a-b-c-0":                                 "a-b-c",
		"web-5d4f8bcc97":                          "",      // a ReplicaSet
		"web-5d4f8bcc97-x1x3z":                    "",      // 1 and 3 are not in the alphabet
		"web-3-x2x4z":                             "web",   // a DeploymentConfig
		"agent-x2x4z":                             "agent", // a ReplicaSet or a CloneSet
		"static":                                  "",
		"":                                        "",
	} {
		got := ""
		if m := re.FindStringSubmatch(pod); m != nil {
			got = m[1]
		}
		if got != want {
			t.Errorf("workload of pod %q is %q, want %q", pod, got, want)
		}
	}
}

// Every form that a Deployment's pod name takes, by the length of its name.
func TestPodsOfLongNames(t *testing.T) {
	const hash, random = "6b7c8d9f42", "x2b4c"
	var services []estimator.Service
	want := map[string]string{}
	for length := 1; length <= 80; length++ {
		name := strings.Repeat("a", length-1) + "e"
		services = append(services, estimator.Service{Namespace: "shop", Name: name})
		for cut := 8; cut <= len(hash); cut++ {
			base := name + "-" + hash[:cut] + "-"
			want[base[:min(len(base), longestBase)]+random] = name
		}
	}
	for _, name := range []string{"reviews-v2", "web-17"} {
		services = append(services, estimator.Service{Namespace: "shop", Name: name})
		for _, pod := range []string{"-" + hash + "-" + random, "-" + random, "-3-" + random, "-0"} {
			want[name+pod] = name
		}
	}
	var q Query
	q.exceptions(services)
	for pod, name := range want {
		if len(name) > longestBase {
			name = strings.Repeat("a", longestBase) // cannot be told apart from those of 59 and more
		}
		got := workload(t, pod, q.Exceptions, q.EndExceptions)
		if len(got) > longestBase {
			got = got[:longestBase]
		}
		if got != name {
			t.Errorf("workload of pod %q (%d) is %q, want %q (%d)", pod, len(pod), got, name, len(name))
		}
	}
	q = Query{}
	if q.exceptions([]estimator.Service{cart, web}); q != (Query{}) {
		t.Errorf("short names have the exceptions %q and %q", q.Exceptions, q.EndExceptions)
	}
}

// workload does what Prometheus does with the exceptions.
func workload(t *testing.T, pod, before, after string) string {
	t.Helper()
	replace := func(pattern, replacement string, got *string) {
		re := regexp.MustCompile("^(?s:" + pattern + ")$")
		if m := re.FindStringSubmatchIndex(pod); m != nil {
			*got = string(re.ExpandString(nil, replacement, pod, m))
		}
	}
	got := ""
	replace(workloadOfPod, "$1", &got)
	calls := regexp.MustCompile(`,\s+"workload", ("[^"]*"), "pod", ("[^"]*")\)`).FindAllStringSubmatch(after, -1)
	if len(calls) != strings.Count(before, "label_replace(") {
		t.Fatalf("%q and %q do not go together", before, after)
	}
	for _, call := range calls {
		replacement, err := strconv.Unquote(call[1])
		pattern, err2 := strconv.Unquote(call[2])
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		replace(pattern, replacement, &got)
	}
	return got
}

func TestQueryOfASource(t *testing.T) {
	s := newSource(t, newFake(t), func(c *Config) {
		c.Prometheus.Matchers = map[string]string{"tenant": `a"b`, "cluster": "east"}
		c.IgnoredContainers = []string{"istio-proxy", "a.b"}
		c.RateWindow = 90 * time.Second
	})
	q := s.newQuery([]estimator.Service{{Namespace: `b"\`, Name: "x"}, {Namespace: "a.c", Name: "x"}, {Namespace: "a.c", Name: "y"}}, testStep)
	q.Workload = ""
	want := Query{
		Namespaces: `a\\.c|b\"\\\\`, RateWindow: "1m30s", HalfRateWindow: "45s", Edge: "16s500ms", BeforeEdge: "1m13s500ms", Step: "30s", Span: "1m30s",
		Matchers: `,cluster="east",tenant="a\"b"`, Containers: `container!="",container!="POD",container!~"istio-proxy|a\\.b"`,
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := containersOf(nil); got != `container!="",container!="POD"` {
		t.Errorf("without ignored ones, containers are %s", got)
	}
}

func TestPresetsRender(t *testing.T) {
	selector := regexp.MustCompile(`[a-z_]{4,}\{`)
	s := newSource(t, newFake(t), func(c *Config) {
		c.RateWindow = 90 * time.Second
		c.Prometheus.Matchers = map[string]string{"cluster": "east"}
	})
	q := s.newQuery([]estimator.Service{cart, {Namespace: "data", Name: "db"}}, 6*time.Minute)
	for _, name := range Presets() {
		queries, ok := preset(name)
		if !ok {
			t.Fatalf("preset %s is listed but not known", name)
		}
		for _, f := range append(names(estimator.DefaultFeatures()), nativeLatency) {
			tmpl, err := parseQuery(f, queries[f])
			if err != nil {
				t.Errorf("%s.%s: %v", name, f, err)
				continue
			}
			text, err := render(tmpl, q)
			if err != nil {
				t.Errorf("%s.%s: %v", name, f, err)
			}
			window := "[1m30s]"
			if f == CallsQuery {
				window = "[6m]"
			}
			for _, want := range []string{`data|shop"`, window, `,cluster="east"}`} {
				if !strings.Contains(text, want) {
					t.Errorf("%s.%s lacks %s:\n%s", name, f, want, text)
				}
			}
			for _, pair := range []string{"()", "{}", "[]"} {
				if strings.Count(text, pair[:1]) != strings.Count(text, pair[1:]) {
					t.Errorf("%s.%s has unbalanced %s:\n%s", name, f, pair, text)
				}
			}
			if n := strings.Count(text, `cluster="east"`); n != len(selector.FindAllString(text, -1)) {
				t.Errorf("%s.%s has %d matchers:\n%s", name, f, n, text)
			}
			if strings.Contains(text, "istio_") && !strings.Contains(text, `reporter="destination"`) && name != PresetIstioAmbient {
				t.Errorf("%s.%s does not choose the destination's report:\n%s", name, f, text)
			}
		}
	}
}
