// Command footprint measures the memory and the processor time of a learner that trains
// its first model of an application:
//
//	go build -o bin/deepscaler ./cmd/deepscaler
//	go run ./learner/internal/footprint -binary bin/deepscaler
//
// It fails when the learner needs more than 350 MB resident for 41 services and the history
// that it reads by default. The learner runs as manifests/base runs it. Linux only.
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
	var s scenario
	flag.StringVar(&s.binary, "binary", "bin/deepscaler", "program to measure")
	flag.IntVar(&s.services, "services", 41, "number of services")
	flag.DurationVar(&s.step, "step", 15*time.Second, "step of the adapter")
	flag.DurationVar(&s.history, "history", 72*time.Hour, "history that Prometheus has, and training looks back")
	flag.StringVar(&s.memory, "memory", "320MiB", "GOMEMLIMIT")
	flag.IntVar(&s.iterations, "iterations", 5, "learner.iterations")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
