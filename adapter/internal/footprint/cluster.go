package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// cluster holds every caller of the adapter.
type cluster struct {
	url      string
	services []estimator.Service
	client   *http.Client
	failed   atomic.Int64
}

func newCluster(url string, services []estimator.Service) *cluster {
	return &cluster{url: url, services: services, client: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: readers + 1, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // not what is measured
	}}
}

func (c *cluster) get(ctx context.Context, path string) error {
	_, err := c.read(ctx, path)
	return err
}

// modelServes returns an error when the trained model with a hash serves no service.
func (c *cluster) modelServes(ctx context.Context, hash string) error {
	body, err := c.read(ctx, "/metrics")
	if err == nil && !strings.Contains(body, `deepscaler_forecast_info{application="shop",estimator="network",model="`+hash+`"`) {
		err = errors.New("the trained model does not serve yet: warm up for longer than three steps")
	}
	return err
}

func (c *cluster) read(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer somebody")
	response, err := c.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", path, response.Status)
	}
	return string(body), nil
}

func (c *cluster) waitReady(ctx context.Context) error {
	return c.wait(ctx, func() error { return c.get(ctx, "/readyz") })
}

// wait waits until there is no error, five minutes at most.
func (c *cluster) wait(ctx context.Context, try func() error) error {
	for deadline := time.Now().Add(5 * time.Minute); ; {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// load reads every service and scrapes /metrics every 15 s, as the HPA
// controller and Prometheus do by default, and probes as the kubelet does.
func (c *cluster) load(ctx context.Context) {
	for second := 0; ; second++ {
		var paths []string
		if second%10 == 0 {
			paths = append(paths, "/livez", "/readyz")
		}
		if second%15 == 0 {
			paths = append(paths, "/metrics")
			for _, s := range c.services {
				paths = append(paths, fmt.Sprintf("/apis/external.metrics.k8s.io/v1beta1/namespaces/%s/deepscaler_desired_replicas?labelSelector=service%%3D%s", s.Namespace, s.Name))
			}
		}
		for _, path := range paths {
			if err := c.get(ctx, path); err != nil && ctx.Err() == nil {
				c.failed.Add(1)
			}
		}
		if sleep(ctx, time.Second) != nil {
			return
		}
	}
}
