package telemetry

import (
	"regexp"
	"strings"
	"testing"
	"time"

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
		"web-5d4f8bcc97":                          "", // a ReplicaSet
		"web-5d4f8bcc97-x1x3z":                    "", // 1 and 3 are not in the alphabet
		"web-5d4f8bcc97xx-x2x4z":                  "", // hash of 12
		"agent-x2x4z":                             "", // a DaemonSet
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

func TestNamespacesAreEscaped(t *testing.T) {
	q := newQuery([]estimator.Service{{Namespace: `b"\`, Name: "x"}, {Namespace: "a.c", Name: "x"}, {Namespace: "a.c", Name: "y"}},
		time.Minute, testStep, time.Hour)
	if want := `a\\.c|b\"\\\\`; q.Namespaces != want {
		t.Errorf("namespaces %s, want %s", q.Namespaces, want)
	}
}

func TestSpanHoldsAtLeastOneRateWindow(t *testing.T) {
	if got := newQuery(nil, 90*time.Second, testStep, testStep).Span; got != "1m30s" {
		t.Errorf("span %s, want 1m30s", got)
	}
}

func TestPresetsRender(t *testing.T) {
	q := newQuery([]estimator.Service{cart, {Namespace: "data", Name: "db"}}, 90*time.Second, testStep, 6*time.Minute)
	for _, name := range Presets() {
		queries, ok := preset(name)
		if !ok {
			t.Fatalf("preset %s is listed but not known", name)
		}
		for _, f := range names(estimator.DefaultFeatures()) {
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
			for _, want := range []string{`namespace=~"data|shop"`, window} {
				if !strings.Contains(text, want) {
					t.Errorf("%s.%s lacks %s:\n%s", name, f, want, text)
				}
			}
			for _, pair := range []string{"()", "{}", "[]"} {
				if strings.Count(text, pair[:1]) != strings.Count(text, pair[1:]) {
					t.Errorf("%s.%s has unbalanced %s:\n%s", name, f, pair, text)
				}
			}
			if strings.Contains(text, "istio_") && !strings.Contains(text, `reporter="destination"`) {
				t.Errorf("%s.%s does not choose the destination's report:\n%s", name, f, text)
			}
		}
	}
}
