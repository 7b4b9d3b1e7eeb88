// Command footprint measures the memory and the processor time of an adapter that plans one
// application. The adapter is scraped, and read by the HPA controller of a fake cluster:
//
//	go build -o bin/deepscaler ./cmd/deepscaler
//	go run ./adapter/internal/footprint -binary bin/deepscaler
//
// It fails when the adapter needs more than its limits: 96 MB resident and 0.02
// of a core with 41 services at a step of 30 s, for which a trained model serves.
// Linux only.
//
// With -reads it hands models over instead, from queueing theory to one and on to its
// children, while two adapters are read that often per second over HTTPS:
//
//	go run ./adapter/internal/footprint -binary bin/deepscaler -reads 1000 -step 3s
//
// It then fails when a read failed or mixed two plans, or when the adapters differ about a
// step.
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
	flag.DurationVar(&s.step, "step", 30*time.Second, "step of the adapter")
	flag.DurationVar(&s.warmUp, "warm-up", 2*time.Minute, "time before processor time counts")
	flag.DurationVar(&s.duration, "for", 3*time.Minute, "time to measure")
	flag.IntVar(&s.reads, "reads", 0, "reads per second while models are handed over; 0 measures the footprint")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
