// Restart kills the only replica of the adapter and starts it again. It measures for how long
// the HPAs of a whole cluster are without a metric:
//
//	go run ./test/restart
//
// The control plane, with its HPA controller and API aggregator, and the adapter are the real programs. Each HPA scales
// a custom resource with a scale, which has no pods to create; telemetry is constant.
// It fails when an HPA is inactive for longer than a sync period of the controller, when its
// replicas change, or when a read is refused for want of rights.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.services, "services", 1000, "number of services, with an HPA each")
	flag.DurationVar(&o.sync, "sync", 15*time.Second, "sync period of the HPA controller")
	flag.DurationVar(&o.step, "step", 15*time.Second, "step of the adapter")
	flag.IntVar(&o.restarts, "restarts", 5, "how often the adapter is killed")
	flag.DurationVar(&o.away, "away", 10*time.Second, "how long it stays away every other time; 10s is the first back-off of the kubelet")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := o.run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
