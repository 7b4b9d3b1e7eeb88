package telemetry_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// A range is read with one query per feature. A sample that Prometheus lacks is
// NaN in the window.
func Example() {
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		samples := `[1800000000,"10"],[1800000030,"12"],[1800000060,"15"]`
		if strings.HasPrefix(r.FormValue("query"), "ready_pods") {
			samples = `[1800000000,"2"],[1800000060,"3"]`
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[
			{"metric":{"namespace":"shop","workload":"cart"},"values":[%s]}]}}`, samples)
	}))
	defer prometheus.Close()

	cfg := telemetry.DefaultConfig()
	cfg.Prometheus.URL = prometheus.URL
	cfg.Queries = map[string]string{ // in place of those of a preset
		"replicas": `ready_pods{namespace=~"{{.Namespaces}}"}`,
		"requests": `requests_per_second{namespace=~"{{.Namespaces}}"}`,
	}
	source, err := telemetry.New(cfg, []estimator.Feature{estimator.Replicas, estimator.Requests}, 3, 30*time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()

	cart := estimator.Service{Namespace: "shop", Name: "cart"}
	w, findings, err := source.Read(context.Background(), telemetry.Range{
		Services: []estimator.Service{cart}, End: time.Unix(1_800_000_060, 0), Steps: 3,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for t := range w.Steps {
		fmt.Println(w.Time(t).UTC().Format(time.TimeOnly), w.Row(0, t))
	}
	fmt.Println(len(findings), "findings")
	// Output:
	// 08:00:00 [2 10]
	// 08:00:30 [NaN 12]
	// 08:01:00 [3 15]
	// 0 findings
}
