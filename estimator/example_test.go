package estimator_test

import (
	"context"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// A window of telemetry becomes a forecast. HAB estimates all services together
// from the invocation graph. Without the graph, First takes the forecast of MMN.
func Example() {
	web := estimator.Service{Namespace: "shop", Name: "web"}
	cart := estimator.Service{Namespace: "shop", Name: "cart"}
	features := []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Requests}
	w := estimator.NewWindow([]estimator.Service{cart, web}, features, 12, 30*time.Second, time.Unix(1_800_000_000, 0))
	for t := range w.Steps {
		copy(w.Row(0, t), []float64{2, 0.60, 80})  // cart: replicas, cpu, requests per second
		copy(w.Row(1, t), []float64{4, 0.75, 200}) // web
	}
	w.Calls = &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 1, Rate: 200},
		{Source: 1, Destination: 0, Rate: 80},
	}}

	hab, err := queueing.NewHAB(queueing.DefaultConfig())
	if err != nil {
		fmt.Println(err)
		return
	}
	mmn, err := queueing.NewMMN(queueing.DefaultConfig())
	if err != nil {
		fmt.Println(err)
		return
	}
	first := estimator.First(hab, mmn)
	for range 2 {
		f, origin, err := first.EstimateFrom(context.Background(), w)
		if err != nil {
			fmt.Println(err)
			return
		}
		for n, s := range f.Services {
			fmt.Printf("%s needs %.2f replicas in %v, by estimator %d\n", s, f.At(n, 0), f.Step, origin.From[n])
		}
		w.Calls = nil // as when no mesh reports it
	}
	// Output:
	// shop/cart needs 1.85 replicas in 30s, by estimator 0
	// shop/web needs 4.62 replicas in 30s, by estimator 0
	// shop/cart needs 2.00 replicas in 30s, by estimator 1
	// shop/web needs 4.00 replicas in 30s, by estimator 1
}
