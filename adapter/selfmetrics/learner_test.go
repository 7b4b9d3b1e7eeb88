package selfmetrics

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// The adapter serves what its learner writes, and its own metrics whatever that is.
func TestLearnerIsServed(t *testing.T) {
	const valid = "# TYPE deepscaler_learner_looks_total counter\ndeepscaler_learner_looks_total{application=\"shop\",result=\"published\"} 3\n"
	for _, tt := range []struct {
		name, content string
		age           time.Duration
		up            bool
	}{
		{name: "valid", content: valid, up: true},
		{name: "empty", up: true},
		{name: "a time of its own", content: strings.Replace(valid, " 3\n", " 3 1000\n", 1), up: true},
		{name: "late", content: valid, age: exchange.Late + time.Second},
		{name: "torn", content: valid[:len(valid)-10]},
		{name: "twice", content: valid + strings.SplitAfter(valid, "\n")[1]},
		{name: "other metrics", content: valid + "up 1\n"},
		{name: "metrics of the adapter", content: valid + "deepscaler_leading 1\n"},
		{name: "metrics on the learner", content: valid + "# TYPE deepscaler_learner_up gauge\ndeepscaler_learner_up 1\n"},
		{name: "no type", content: "deepscaler_learner_looks_total 3\n"},
		{name: "another type", content: "# TYPE deepscaler_learner_looks_total histogram\ndeepscaler_learner_looks_total_count 3\n"},
		{name: "too large", content: valid + strings.Repeat("# padding\n", 1<<17)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := exchange.Dir(t.TempDir())
			if err := os.WriteFile(dir.Metrics(), []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(dir.Metrics(), noon, noon); err != nil {
				t.Fatal(err)
			}
			served := serve(t, dir, noon.Add(tt.age))
			want := map[bool]string{true: "\ndeepscaler_learner_up 1\n", false: "\ndeepscaler_learner_up 0\n"}[tt.up]
			if !strings.Contains(served, want) || !strings.Contains(served, "\ndeepscaler_learner_last_tick_timestamp_seconds 1.7776368e+09\n") {
				t.Errorf("lacks %q or the time of the last tick:\n%s", want, served)
			}
			looks := strings.Contains(served, "\ndeepscaler_learner_looks_total{application=\"shop\",result=\"published\"} 3\n")
			if want := tt.up && tt.content != ""; looks != want {
				t.Errorf("serves the learner's metrics: %v, want %v", looks, want)
			}
		})
	}
}

func TestLearnerThatNeverWrote(t *testing.T) {
	served := serve(t, exchange.Dir(t.TempDir()), noon)
	if !strings.Contains(served, "\ndeepscaler_learner_up 0\n") || strings.Contains(served, "\ndeepscaler_learner_last_tick") {
		t.Errorf("the learner did nothing yet, but:\n%s", served)
	}
}

// serve returns what an adapter serves that shares a folder with a learner.
func serve(t *testing.T, dir exchange.Dir, now time.Time) string {
	t.Helper()
	m := New(Build{Version: "v1.2.3"})
	if err := m.RegisterLearner(&Learner{Exchange: dir, Clock: testclock.NewFakePassiveClock(now)}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRecorder()
	m.Handler().ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if r.Code != http.StatusOK || !strings.Contains(r.Body.String(), `deepscaler_build_info{goversion=`) {
		t.Fatalf("%d: %s", r.Code, r.Body)
	}
	return r.Body.String()
}
