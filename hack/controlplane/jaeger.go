package controlplane

import (
	"context"
	"net"
	"net/http"
	"strconv"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// maxTraces bounds the memory of Jaeger; the oldest traces go first.
const maxTraces = 10_000

// JaegerServer is a running Jaeger all-in-one. It keeps the last 10,000 traces in
// memory and loses them when it stops.
type JaegerServer struct {
	*process.Process
	queryURL, otlpURL string
}

// QueryURL returns the base URL of the query API, for example
// http://127.0.0.1:20018; call counts are under /api/dependencies.
func (j *JaegerServer) QueryURL() string { return j.queryURL }

// OTLPHTTPEndpoint returns the base URL that takes spans by OTLP over HTTP, for
// example http://127.0.0.1:20019; the path of the traces is /v1/traces.
func (j *JaegerServer) OTLPHTTPEndpoint() string { return j.otlpURL }

// StartJaeger runs a Jaeger beside the cluster and waits until it answers queries. A
// cluster runs one Jaeger at most.
func (c *Cluster) StartJaeger(ctx context.Context) (*JaegerServer, error) {
	const query, otlp = "query.http-server", "collector.otlp.http"
	args := []string{"--memory.max-traces=" + strconv.Itoa(maxTraces), "--log-level=warn"}
	urls := map[string]string{}
	// All-in-one opens every one of these on all interfaces unless told otherwise.
	for _, server := range []string{
		query, otlp, "query.grpc-server", "collector.otlp.grpc", "collector.grpc-server", "collector.http-server", "admin.http",
	} {
		port, err := c.ports.Next()
		if err != nil {
			return nil, err
		}
		urls[server] = loopbackURL("http", port)
		args = append(args, "--"+server+".host-port="+net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
	p, err := c.group.Run(ctx, process.Spec{
		Name: string(Jaeger),
		Path: c.binaries[Jaeger],
		Args: args,
		// With sampling of its own requests, it would wait for a collector at exit.
		Env:   []string{"SPAN_STORAGE_TYPE=memory", "OTEL_TRACES_SAMPLER=always_off"},
		Ready: answers(http.DefaultClient, urls[query]+"/api/services"),
		Grace: clientGrace,
	})
	if err != nil {
		return nil, err
	}
	return &JaegerServer{Process: p, queryURL: urls[query], otlpURL: urls[otlp]}, nil
}
