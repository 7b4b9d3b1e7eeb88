package controlplane

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestSettingsFillInDefaults(t *testing.T) {
	ports := kubernetesPorts{apiServer: 20004}
	got, err := newSettings(Options{}, "/data", ports)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{dir: "/data", nodes: 3, hpaSyncPeriod: 2 * time.Second, podStartDelay: 3 * time.Second, ports: ports}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	given := Options{Nodes: 7, HPASyncPeriod: 15 * time.Second, PodStartDelay: time.Millisecond, Verbosity: 4}
	got, err = newSettings(given, "/data", ports)
	if err != nil {
		t.Fatal(err)
	}
	want = settings{dir: "/data", nodes: 7, hpaSyncPeriod: 15 * time.Second, podStartDelay: time.Millisecond, verbosity: 4, ports: ports}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []Options{{Nodes: -1}, {HPASyncPeriod: -1}, {PodStartDelay: -1}, {Verbosity: -1}} {
		if _, err := newSettings(bad, "/data", ports); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestStagesAreYAMLWithTheDelay(t *testing.T) {
	text, err := settings{podStartDelay: 2500 * time.Millisecond}.stages()
	if err != nil {
		t.Fatal(err)
	}
	delays := map[string]int{}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		var stage struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct {
				Delay struct{ DurationMilliseconds int }
			}
		}
		if err := yaml.Unmarshal([]byte(document), &stage); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if stage.Kind != "Stage" {
			t.Errorf("%s is a %q", stage.Metadata.Name, stage.Kind)
		}
		delays[stage.Metadata.Name] = stage.Spec.Delay.DurationMilliseconds
	}
	if diff := cmp.Diff(map[string]int{"node-ready": 0, "pod-ready": 2500, "pod-delete": 0}, delays); diff != "" {
		t.Errorf("delays in milliseconds (-want +got):\n%s", diff)
	}
}

func TestEveryPortIsOnTheLoopbackInterface(t *testing.T) {
	s := settings{dir: "/data", ports: kubernetesPorts{1, 2, 3, 4, 5, 6}, hpaSyncPeriod: 2 * time.Second}
	for component, args := range map[Component][]string{
		Etcd: s.etcdArgs(), APIServer: s.apiServerArgs(), ControllerManager: s.controllerManagerArgs(), Scheduler: s.schedulerArgs(),
	} {
		bound := false
		for _, arg := range args {
			name, value, _ := strings.Cut(arg, "=")
			if name == "--bind-address" && value != "127.0.0.1" || strings.HasPrefix(name, "--listen-") && !strings.Contains(value, "://127.0.0.1:") {
				t.Errorf("%s: %s", component, arg)
			}
			bound = bound || name == "--bind-address" || name == "--listen-client-urls"
		}
		if !bound {
			t.Errorf("%s listens on its default address", component)
		}
	}
}

func TestPrometheusConfiguration(t *testing.T) {
	text, err := PrometheusOptions{
		Jobs:           []ScrapeJob{{Name: "a", Targets: []string{"127.0.0.1:1", "127.0.0.1:2"}}, {Name: "b", Path: "/stats"}},
		ScrapeInterval: 90 * time.Second,
	}.render()
	if err != nil {
		t.Fatal(err)
	}
	want := `global:
  scrape_interval: 1m30s
  scrape_timeout: 1m30s
scrape_configs:
- job_name: a
  static_configs:
  - targets:
    - 127.0.0.1:1
    - 127.0.0.1:2
- job_name: b
  metrics_path: /stats
  static_configs:
  - targets: null
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("prometheus.yml (-want +got):\n%s", diff)
	}
	if text, err = (PrometheusOptions{Config: []byte("whole: file\n")}).render(); err != nil || string(text) != "whole: file\n" {
		t.Errorf("a given configuration became %q, %v", text, err)
	}
}
