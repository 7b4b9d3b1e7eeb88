package telemetry

import (
	"context"
	"encoding/json"
	"errors"
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

func newJaeger(cfg Jaeger) (*jaeger, error) {
	server, err := newEndpoint("deepscaler_jaeger", cfg.URL, cfg.HTTP, cfg.MaxResponseBytes)
	if err != nil {
		return nil, err
	}
	return &jaeger{server: server, timeout: cfg.Timeout, lookback: cfg.Lookback}, nil
}

// read returns the traced calls per second between the services of rows during
// the lookback before end. Rates depend on how many traces are sampled; only
// their ratios mean something.
func (j *jaeger) read(ctx context.Context, rows map[estimator.Service]int, end time.Time) (map[edge]float64, []Warning) {
	ctx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	dependencies, err := j.fetch(ctx, end)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %v (jaeger.timeout) or the caller's deadline: %w", j.timeout, err)
		}
		return nil, []Warning{{"jaeger", err}}
	}
	calls, ambiguous := tracedCalls(rows, dependencies, j.lookback)

	var warnings []Warning
	if len(ambiguous) > 0 {
		warnings = append(warnings, Warning{"jaeger", fmt.Errorf(
			"services %q exist in several namespaces and are left out of the graph: have traces name them name.namespace", ambiguous)})
	}
	if len(calls) == 0 {
		warnings = append(warnings, Warning{"jaeger", fmt.Errorf(
			"%w: none of its %d dependencies in the last %v (jaeger.lookback) is between two of the %d services",
			ErrNoData, len(dependencies), j.lookback, len(rows))})
	}
	return calls, warnings
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
	resp, body, err := j.server.Do(ctx, req) //nolint:bodyclose // Do has read and closed it.
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered with status %s", j.server.base.Redacted(), resp.Status)
	}
	return decodeDependencies(body)
}

// dependency is one edge of Jaeger's dependency graph, between the names that
// services give themselves in their spans.
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
		return nil, fmt.Errorf("decode dependencies: %w", err)
	}
	if len(answer.Errors) > 0 {
		return nil, fmt.Errorf("jaeger reports: %s", answer.Errors[0].Message)
	}
	return answer.Data, nil
}

// tracedCalls translates the names of dependencies to services: name.namespace,
// as Istio's proxies call themselves, or the bare name where only one namespace
// has it. Calls from and to anything else are left out.
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
