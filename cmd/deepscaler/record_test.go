package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/learner/history"
)

// oneService is a Prometheus in which every number of the service web is 1.
func oneService(w http.ResponseWriter, r *http.Request) {
	start, _ := strconv.ParseInt(r.FormValue("start"), 10, 64)
	end, _ := strconv.ParseInt(r.FormValue("end"), 10, 64)
	step, _ := strconv.ParseInt(r.FormValue("step"), 10, 64)
	var samples []string
	for at := start; step > 0 && at <= end; at += step {
		samples = append(samples, fmt.Sprintf(`[%d,"1"]`, at))
	}
	switch {
	case strings.Contains(r.URL.Path, "/label/"):
		fmt.Fprint(w, `{"status":"success","data":["web"]}`)
	case step == 0:
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	default:
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"namespace":"shop","workload":"web"},"values":[%s]}]}}`,
			strings.Join(samples, ","))
	}
}

func TestRecord(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(oneService))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "shop.csv.gz")
	out, err := execute(t, "record", "--prometheus-url", server.URL, "--namespace", "shop", "--start", "-1h", "--out", file)
	if err != nil || !strings.Contains(out, "240 steps of 1 services") {
		t.Fatalf("printed %q, %v", out, err)
	}
	series, err := history.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if series.Steps != 240 || series.Services[0].Name != "web" || series.At(0, 239, series.Channel("cpu")) != 1 {
		t.Errorf("read %d steps of %v", series.Steps, series.Services)
	}
}

func TestRecordRejects(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing given": {nil, "--namespace is required"},
		"an argument":   {[]string{"shop"}, "shop"},
		"unknown flag":  {[]string{"--form", "x"}, "--form"},
		"bad range":     {[]string{"--prometheus-url", "http://p", "--namespace", "shop", "--out", "x.csv", "--start", "later"}, "--start"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := execute(t, append([]string{"record"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
