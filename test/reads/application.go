package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// describe writes the description of an application in which a front calls every other
// service once per request, and returns its path: all of the services have telemetry.
func describe(dir string, services int) (string, error) {
	var b strings.Builder
	b.WriteString(`apiVersion: testbed.deepscaler.io/v1alpha1
kind: Application
name: shop
slo: {latency: 2s}
defaults:
  concurrency: 64
  queue: 512
  timeout: 10s
  startDelay: 2s
  idle: {cpu: 1m, memory: 32Mi}
  memoryPerCall: 64Ki
  demand: {cpu: 1ms, latency: 1ms, distribution: exponential}
users:
  journeys:
  - {name: visit, weight: 1, steps: [{service: front, endpoint: get}]}
services:
- name: front
  replicas: 1
  resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}}
  endpoints:
  - name: get
    calls:
`)
	for i := 1; i < services; i++ {
		fmt.Fprintf(&b, "    - {service: service-%d, endpoint: get}\n", i)
	}
	for i := 1; i < services; i++ {
		fmt.Fprintf(&b, "- name: service-%d\n  replicas: 1\n  resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}}\n  endpoints: [{name: get}]\n", i)
	}
	file := filepath.Join(dir, "shop.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return "", fmt.Errorf("describe the application: %w", err)
	}
	return file, nil
}
