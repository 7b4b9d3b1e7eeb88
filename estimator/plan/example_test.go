package plan_test

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// A forecast becomes whole replicas: the highest need within the lead time,
// rounded up once and clamped to the bounds of the autoscaler.
func Example() {
	cart := estimator.Service{Namespace: "shop", Name: "cart"}
	web := estimator.Service{Namespace: "shop", Name: "web"}
	f := estimator.NewForecast([]estimator.Service{cart, web}, 3, 30*time.Second)
	for h, need := range []float64{2.2, 3.4, 3.1} {
		f.Set(0, h, need)
	}
	// The need of web is unknown: it stays NaN.
	bounds := map[estimator.Service]plan.Bounds{cart: {Min: 1, Max: 10}, web: {Min: 2, Max: 10}}

	p, err := plan.Make(plan.DefaultConfig(), f, bounds, plan.Observed{}, time.Unix(1_800_000_000, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	for d := range p.Decisions() {
		if d.Err != nil {
			fmt.Println("hold:", d.Err)
			continue
		}
		fmt.Printf("%s: %d replicas for a need of %.1f\n", d.Service, d.Replicas, d.Need)
	}
	// Output:
	// shop/cart: 4 replicas for a need of 3.4
	// hold: service shop/web: no forecast: its telemetry does not suffice for an estimate
}
