package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/live"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func TestMain(m *testing.M) {
	// klog's flusher runs as long as the program.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"))
}

func TestHandler(t *testing.T) {
	a, err := app.Load("bookinfo")
	if err != nil {
		t.Fatal(err)
	}
	o := &serveOptions{loadOptions: loadOptions{rps: 20, profile: "constant", scale: 1, mix: app.DefaultMix, seed: 1}, namespace: "shop"}
	work, offer, err := o.build(a)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := simulation.New(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	engine.SetLoad(work)
	h := o.handler(live.New(engine, offer, time.Now), a)
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{http.MethodGet, "/healthz", "", 200, "ok"},
		{http.MethodGet, "/metrics", "", 200, "container_cpu_usage_seconds_total"},
		{http.MethodGet, "/status", "", 200, `"application":"bookinfo"`},
		{http.MethodPost, "/load", `{"rps": 200}`, 204, ""},
		{http.MethodGet, "/status", "", 200, `"offeredRPS":200`},
		{http.MethodPost, "/load", `{"rps": -1}`, 400, "rps"},
		{http.MethodPost, "/load", `{"rps": 1e12}`, 400, "load"},
		{http.MethodPost, "/load", `{"users": 3}`, 400, "users"},
		{http.MethodPost, "/load", "x" + strings.Repeat(" ", 2000), 400, "want a body"},
		{http.MethodGet, "/load", "", 405, ""},
		{http.MethodPost, "/trouble", `{"service": "ratings", "slowdown": 3, "errors": 0.5}`, 204, ""},
		{http.MethodPost, "/trouble", `{"service": "nobody"}`, 400, "nobody"},
		{http.MethodPost, "/trouble", `{"service": "ratings", "errors": 7}`, 400, "share"},
		{http.MethodPost, "/trouble", `{}`, 400, "name a service"},
		{http.MethodPost, "/trouble", `{"scrapeFails": true}`, 204, ""},
		{http.MethodGet, "/metrics", "", 503, "out of order"},
		{http.MethodPost, "/trouble", `{"scrapeFails": false}`, 204, ""},
		{http.MethodGet, "/metrics", "", 200, "kube_deployment_status_replicas_ready"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s %.60s: %d %.200s, want %d and %q", c.method, c.path, c.body, w.Code, w.Body, c.code, c.want)
		}
	}
}

// The flags lead to errors that say what to do, and a run leaves no half a file.
func TestCommandRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"serve --app nothing":                       "online-boutique",
		"serve --trace-sampling 2":                  "--trace-sampling",
		"serve --profile flat":                      "sharp-rise",
		"serve --otlp-endpoint here --listen :0":    "http://",
		"simulate --session shopper":                "--users",
		"simulate --mix nobody":                     "no mix",
		"simulate --scale 0":                        "--scale",
		"simulate --replicas many":                  "walk",
		"simulate --duration 1s":                    "step",
		"simulate --start yesterday":                "--start",
		"simulate --load-file no/such/file":         "no such file",
		"simulate --out no/such/folder/file.csv.gz": "no such file",
	} {
		c := root()
		c.SetArgs(strings.Fields(args))
		c.SetOut(new(bytes.Buffer))
		c.SetErr(new(bytes.Buffer))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := c.ExecuteContext(ctx)
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, have %v", args, want, err)
		}
	}
}
