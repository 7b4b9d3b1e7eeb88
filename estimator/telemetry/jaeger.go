package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// jaeger reads the dependencies that the query service of Jaeger derives from
// traces.
type jaeger struct {
	server            *endpoint
	timeout, lookback time.Duration
}

// jaegerQueries is the number of concurrent queries to Jaeger.
const jaegerQueries = 4

func newJaeger(cfg Jaeger) (*jaeger, error) {
	server, err := newEndpoint("jaeger", cfg.URL, cfg.HTTP, cfg.MaxResponseBytes, jaegerQueries)
	if err != nil {
		return nil, err
	}
	return &jaeger{server: server, timeout: cfg.Timeout, lookback: cfg.Lookback}, nil
}

// Traced returns the invocation graph of Jaeger and the problems with it. Rates
// are traced calls per second during cfg.Lookback before end. The graph is nil
// without any edge. Rows are in the order of services.
func Traced(ctx context.Context, cfg Jaeger, services []estimator.Service, end time.Time) (*estimator.CallGraph, []*Error, error) {
	j, err := newJaeger(cfg)
	if err != nil {
		return nil, nil, err
	}
	defer j.server.client.CloseIdleConnections()
	rows := make(map[estimator.Service]int, len(services))
	for i, service := range services {
		rows[service] = i
	}
	calls, said := j.read(ctx, rows, end)
	if len(calls) == 0 {
		return nil, said, nil
	}
	return newCallGraph(calls), said, nil
}

// read returns the traced calls per second between the services of rows during
// the lookback before end. Rates depend on the sampling of traces; only their
// ratios are meaningful.
func (j *jaeger) read(ctx context.Context, rows map[estimator.Service]int, end time.Time) (calls map[edge]float64, said []*Error) {
	var total int
	var ambiguous []string
	if err := j.server.guarded(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, j.timeout)
		defer cancel()
		dependencies, err := j.fetch(ctx, end)
		total = len(dependencies)
		calls, ambiguous = tracedCalls(rows, dependencies, j.lookback)
		return err
	}); err != nil {
		e := asError(err)
		e.Feature = JaegerQuery
		return nil, []*Error{e}
	}
	add := func(kind Kind, format string, args ...any) {
		said = append(said, &Error{Feature: JaegerQuery, Kind: kind, Detail: fmt.Sprintf(format, args...)})
	}
	if len(ambiguous) > 0 {
		add(Ambiguous, "%q exist in several namespaces and are left out of the graph: have traces name them name.namespace", ambiguous)
	}
	if len(calls) == 0 {
		add(NoData, "none of its %d dependencies in the last %v (jaeger.lookback) is between two of the %d services", total, j.lookback, len(rows))
	}
	return calls, said
}

func (j *jaeger) fetch(ctx context.Context, end time.Time) ([]dependency, error) {
	u := j.server.URL("api/dependencies", nil)
	u.RawQuery = url.Values{
		"endTs":    {strconv.FormatInt(end.UnixMilli(), 10)},
		"lookback": {strconv.FormatInt(j.lookback.Milliseconds(), 10)},
	}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	_, body, err := j.server.Do(ctx, req) //nolint:bodyclose // Do has read and closed it.
	if err != nil {
		return nil, err
	}
	return decodeDependencies(body)
}

// dependency is one edge of Jaeger's dependency graph, between the service
// names in spans.
type dependency struct {
	Parent    string `json:"parent"`
	Child     string `json:"child"`
	CallCount uint64 `json:"callCount"`
}

func decodeDependencies(body []byte) ([]dependency, error) {
	var answer struct {
		Data   []dependency `json:"data"`
		Errors []struct {
			Message string `json:"msg"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, wrong(Malformed, err, "decode dependencies: %v", err)
	}
	if len(answer.Errors) > 0 {
		return nil, wrong(Failed, nil, "jaeger reports: %s", answer.Errors[0].Message)
	}
	return answer.Data, nil
}

// tracedCalls translates the names of dependencies to services: name.namespace,
// as in Istio's proxies, or the bare name if only one namespace has it. Other
// calls are left out.
func tracedCalls(rows map[estimator.Service]int, dependencies []dependency, lookback time.Duration) (calls map[edge]float64, ambiguous []string) {
	const several = math.MinInt
	byName := make(map[string]int, 2*len(rows))
	for service, row := range rows {
		if _, ok := byName[service.Name]; ok {
			row = several
		}
		byName[service.Name] = row
	}
	for service, row := range rows {
		byName[service.Name+"."+service.Namespace] = row
	}

	calls = make(map[edge]float64)
	for _, d := range dependencies {
		source, fromOurs := byName[d.Parent]
		destination, toOurs := byName[d.Child]
		if !fromOurs || !toOurs {
			continue
		}
		if source == several {
			ambiguous = append(ambiguous, d.Parent)
		}
		if destination == several {
			ambiguous = append(ambiguous, d.Child)
		}
		if source == several || destination == several {
			continue
		}
		calls[edge{source, destination}] += float64(d.CallCount) / lookback.Seconds()
	}
	slices.Sort(ambiguous)
	return calls, slices.Compact(ambiguous)
}
