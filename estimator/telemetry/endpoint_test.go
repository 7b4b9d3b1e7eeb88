package telemetry

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestParametersGoWithEveryRequest(t *testing.T) {
	fake := newFake(t)
	s := newSource(t, fake, func(c *Config) {
		c.Prometheus.Parameters = map[string]string{"partial_response": "false", "dedup": "true"}
	})
	if _, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd); err != nil {
		t.Fatal(err)
	}
	for _, a := range fake.asked() {
		if a.form.Get("partial_response") != "false" || a.form.Get("dedup") != "true" {
			t.Errorf("%s was asked with %v", a.path, a.form)
		}
	}
}

// A redirect that turns POST into GET loses the query.
func TestRedirects(t *testing.T) {
	for status, want := range map[int]Kind{301: Redirected, 302: Redirected, 303: Redirected, 307: "", 308: ""} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			fake := newFake(t)
			mux := http.NewServeMux()
			mux.Handle("/r/", http.StripPrefix("/r", fake))
			mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/r"+r.URL.Path, status)
			}))
			_, _, err := newSource(t, mux).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if want == "" && err != nil || want != "" && (!errors.Is(err, want) || !strings.Contains(Explain(err), "/r/api/v1/query")) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// A proxy of the environment counts where that is asked for.
func TestProxyFromEnvironment(t *testing.T) {
	proxy := httptest.NewServer(newFake(t))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	s := newSource(t, newFake(t), func(c *Config) {
		c.Prometheus.URL = "http://prometheus.example.test:9090"
		c.Prometheus.HTTP.ProxyFromEnvironment = true
	})
	if _, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd); err != nil {
		t.Error(Explain(err))
	}
}
