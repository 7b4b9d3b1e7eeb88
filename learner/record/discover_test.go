package record

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestDiscoversServices(t *testing.T) {
	b := newBench(t)
	var match string
	b.fake.answer(func(_ http.ResponseWriter, form url.Values) bool {
		if form.Has("match[]") {
			match = form.Get("match[]")
			if got := form.Get("start") + " to " + form.Get("end"); got != "1772363400 to 1772366400" {
				t.Errorf("asked for services from %s", got)
			}
		}
		return false
	})
	if err := b.run(func(o *Options) { o.Services = nil }); err != nil {
		t.Fatal(err)
	}
	b.compare()
	if !strings.Contains(match, `destination_workload_namespace="shop"`) || !slices.Contains(b.fake.paths, "/api/v1/label/destination_workload/values") {
		t.Errorf("matched %q in %v", match, slices.Compact(b.fake.paths))
	}
	if !strings.Contains(b.out.String(), "found 2 services: shop/cart, shop/web") {
		t.Errorf("printed %s", b.out.String())
	}
}

func TestDiscoveryFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		want   string
	}{
		"nobody there":    {`{"status":"success","data":["unknown"]}`, http.StatusOK, "there was no request"},
		"not Prometheus":  {`<html>`, http.StatusOK, "--services"},
		"endless":         {`{"status":"success","data":["` + strings.Repeat("x", 2000) + `"]}`, http.StatusOK, "larger than"},
		"not allowed":     {``, http.StatusUnauthorized, "401"},
		"unsuitable name": {`{"status":"success","data":["a\nb"]}`, http.StatusOK, "not printable"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.fake.answer(func(w http.ResponseWriter, form url.Values) bool {
				if form.Has("match[]") {
					w.WriteHeader(c.status)
					_, _ = w.Write([]byte(c.answer))
				}
				return form.Has("match[]")
			})
			config := b.config(func(o *Options) { o.Services = nil })
			config.telemetry.Prometheus.MaxResponseBytes = 1000
			if err := config.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
