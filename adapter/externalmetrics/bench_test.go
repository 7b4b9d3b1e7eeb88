package externalmetrics

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/clock"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
)

// BenchmarkRead is one metric read in process, as an HPA asks for it. It must
// not depend on the number of services.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10, 1000, 10000} {
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			need := map[discovery.Service]float64{}
			app := discovery.Application{Name: "shop"}
			for i := range n {
				s := service("shop", fmt.Sprintf("service-%d", i), "shop")
				app.Services = append(app.Services, s)
				need[s] = float64(i % 50)
			}
			board := NewBoard(clock.RealClock{}, time.Hour)
			board.Assign([]discovery.Application{app})
			now := time.Now()
			board.Publish(tick.Result{Application: "shop", Plan: planOf(b, now, need), At: now})
			p := NewProvider(board, func(int) {})
			selector := labels.SelectorFromSet(labels.Set{"service": fmt.Sprintf("service-%d", n/2)})
			b.ReportAllocs()
			for b.Loop() {
				list, err := p.GetExternalMetric(b.Context(), "shop", selector, provider.ExternalMetricInfo{Metric: discovery.Metric})
				if err != nil || len(list.Items) != 1 {
					b.Fatalf("%v, %v", list, err)
				}
			}
		})
	}
}
