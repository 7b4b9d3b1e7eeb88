// Reads measures what reads of the external metrics API cost DeepScaler and the real KEDA. It
// does so in one run, on one real control plane and with one client:
//
//	go run ./test/reads
//
// Both serve as many services. DeepScaler plans an application of the testbed by its
// Prometheus; KEDA has a ScaledObject with a prometheus trigger for each service, which asks the
// same Prometheus for its requests per second, with KEDA's defaults: a read asks
// the operator, and the operator Prometheus. Another set has useCachedMetrics, with which
// the operator answers from its last poll. Direct reads have a token of a service account; those
// through the API aggregator come with the aggregator's certificate. All ask for
// what the controller of HPAs asks for.
//
// It builds what is missing; KEDA takes about ten minutes. Linux only.
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
	flag.IntVar(&o.services, "services", 41, "number of services")
	flag.IntVar(&o.rate, "rate", 1000, "reads per second that are offered")
	flag.IntVar(&o.direct, "direct", 8, "connections for most reads, direct")
	flag.IntVar(&o.aggregated, "aggregated", 16, "connections for most reads through the API aggregator")
	flag.IntVar(&o.rounds, "rounds", 3, "how often everything is measured, in turns")
	flag.DurationVar(&o.duration, "for", 8*time.Second, "time of a measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := o.run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
