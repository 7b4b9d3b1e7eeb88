package experiment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

func TestCourse(t *testing.T) {
	slo := app.SLO{Latency: app.Duration(100 * time.Millisecond)}
	steps := make([]loop.Step, 5)
	for i, mean := range []float64{0.2, 0.05, 0.3, 0.4, 0.2} {
		steps[i].Mean = mean
	}
	if diff := cmp.Diff([]float64{0.5, 1, 1}, course(steps, slo, 2)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
