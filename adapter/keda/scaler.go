// Package keda is an external scaler of KEDA: it answers KEDA's gRPC contract from the
// board, for workloads that are scaled by ScaledObjects.
package keda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/keda/externalscaler"
)

// Board has the current numbers. Its errors are of kind metav1.Status.
type Board interface {
	ScaledObject(namespace, name string) (externalmetrics.Reading, error)
	Step() time.Duration
}

// scaler implements KEDA's contract (https://keda.sh/docs/latest/concepts/external-scalers/).
// An error reaches the autoscaler as an error, which makes it hold.
type scaler struct {
	externalscaler.UnimplementedExternalScalerServer

	board Board
	clock clock.WithTicker
	// observe is called with the HTTP status that corresponds to every answer.
	observe func(code int)
}

// GetMetricSpec tells KEDA to scale to the metric itself: one replica for each unit. It
// is the same for all ScaledObjects, because KEDA makes the autoscaler, by which a
// service is discovered, only afterwards.
func (*scaler) GetMetricSpec(context.Context, *externalscaler.ScaledObjectRef) (*externalscaler.GetMetricSpecResponse, error) {
	return &externalscaler.GetMetricSpecResponse{MetricSpecs: []*externalscaler.MetricSpec{
		{MetricName: discovery.Metric, TargetSize: 1, TargetSizeFloat: 1},
	}}, nil
}

// GetMetrics returns the whole number of replicas that the target of a ScaledObject needs.
func (s *scaler) GetMetrics(_ context.Context, r *externalscaler.GetMetricsRequest) (*externalscaler.GetMetricsResponse, error) {
	if r.GetMetricName() != discovery.Metric {
		return nil, status.Errorf(codes.InvalidArgument, "metric %q is not served here: DeepScaler serves %q", r.GetMetricName(), discovery.Metric)
	}
	n, err := s.replicas(r.GetScaledObjectRef())
	if err != nil {
		return nil, err
	}
	return &externalscaler.GetMetricsResponse{MetricValues: []*externalscaler.MetricValue{
		{MetricName: discovery.Metric, MetricValue: int64(n), MetricValueFloat: float64(n)},
	}}, nil
}

// IsActive reports whether the target of a ScaledObject needs any replica.
func (s *scaler) IsActive(_ context.Context, r *externalscaler.ScaledObjectRef) (*externalscaler.IsActiveResponse, error) {
	n, err := s.replicas(r)
	if err != nil {
		return nil, err
	}
	return &externalscaler.IsActiveResponse{Result: n != 0}, nil
}

// StreamIsActive sends what IsActive would return, at once and after every step in which
// it has changed. It ends with the error of the first answer if there is one; later
// ones send nothing, since KEDA asks for the metric anyway.
func (s *scaler) StreamIsActive(r *externalscaler.ScaledObjectRef, stream grpc.ServerStreamingServer[externalscaler.IsActiveResponse]) error {
	last, err := s.IsActive(stream.Context(), r)
	if err != nil {
		return err
	}
	if err := stream.Send(last); err != nil {
		return err
	}
	ticker := s.clock.NewTicker(s.board.Step())
	defer ticker.Stop()
	for {
		select {
		case <-stream.Context().Done():
			return nil
		case <-ticker.C():
		}
		now, err := s.IsActive(stream.Context(), r)
		if err != nil || now.GetResult() == last.GetResult() {
			continue
		}
		if err := stream.Send(now); err != nil {
			return err
		}
		last = now
	}
}

func (s *scaler) replicas(r *externalscaler.ScaledObjectRef) (int, error) {
	reading, err := s.board.ScaledObject(r.GetNamespace(), r.GetName())
	code, grpcCode := http.StatusOK, codes.OK
	if err != nil {
		code, grpcCode = http.StatusInternalServerError, codes.Internal
		if api := apierrors.APIStatus(nil); errors.As(err, &api) {
			code = int(api.Status().Code)
		}
		switch code {
		case http.StatusNotFound:
			grpcCode = codes.NotFound
		case http.StatusServiceUnavailable:
			grpcCode = codes.Unavailable
		}
	}
	if s.observe != nil {
		s.observe(code)
	}
	if err != nil {
		return 0, status.Error(grpcCode, fmt.Sprintf("ScaledObject %s/%s: %v", r.GetNamespace(), r.GetName(), err))
	}
	return reading.Decision.Replicas, nil
}
