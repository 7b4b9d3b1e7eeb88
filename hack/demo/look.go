package main

import (
	"context"
	"strconv"
	"time"

	"github.com/deepscaler/deepscaler/test/stack"
)

// failed is shown in place of a metric that cannot be read.
const failed = "error"

// look takes a snapshot: the experience of users from the testbed, pods and
// metric from Kubernetes.
func look(ctx context.Context, s *stack.Stack, a *stack.Application, adapter *stack.Adapter, elapsed time.Duration) (snapshot, error) {
	status, err := a.Status(ctx)
	if err != nil {
		return snapshot{}, err
	}
	ready, err := a.Ready(ctx)
	if err != nil {
		return snapshot{}, err
	}
	asked, err := a.Asked(ctx)
	if err != nil {
		return snapshot{}, err
	}
	planning, err := lookAt(ctx, adapter)
	if err != nil {
		return snapshot{}, err
	}
	desired := stack.Desired(ctx, s.Client.CoreV1().RESTClient(), a.Namespace, a.Services)
	shot := snapshot{
		elapsed: elapsed, offered: status.RPS, response: seconds(status.Latency), slo: a.SLO,
		violation: status.Violations, cores: status.CoreHours, planning: planning,
	}
	if status.OfferedRPS != nil {
		shot.offered = *status.OfferedRPS
	}
	for _, service := range status.Services {
		r := row{
			service: service.Name, requests: service.RPS, latency: seconds(service.Latency),
			ready: int(ready[service.Name]), current: asked[service.Name], desired: failed, source: planning.sources[service.Name],
		}
		if n, ok := desired[service.Name]; ok {
			r.desired = strconv.FormatInt(n, 10)
		}
		shot.rows = append(shot.rows, r)
	}
	return shot, nil
}

func seconds(s *float64) time.Duration {
	if s == nil {
		return 0
	}
	return time.Duration(*s * float64(time.Second))
}
