package trust

import (
	"testing"

	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// TestModelPlansForTheUtilisationThatIsSetNow: it was trained for another one.
func TestModelPlansForTheUtilisationThatIsSetNow(t *testing.T) {
	w := busy(3, 80)
	before := trained(t, w)
	c := queueing.DefaultConfig()
	c.SLO, c.MinUtilisation, c.MaxUtilisation, c.Headroom = slo, 0.9, 0.9, 0
	now, err := before.Under(c)
	if err != nil {
		t.Fatal(err)
	}
	want, err := queueing.NewAnalytic(c, looksBack)
	if err != nil {
		t.Fatal(err)
	}
	if !want.Equal(now.Theory()) || want.Equal(before.Theory()) {
		t.Error("the model does not measure from forecasts under the settings, or did before")
	}
	many, err := before.Estimate(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	few, err := now.Estimate(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	for n, service := range w.Services {
		if more, less := many.Highest(n, many.Horizon), few.Highest(n, few.Horizon); !(less < 0.95*more) {
			t.Errorf("%v needs %.3g replicas at a utilisation of 0.9 without headroom, want less than the %.3g of the training", service, less, more)
		}
	}
	c.MaxUtilisation = 2
	if _, err := before.Under(c); err == nil {
		t.Error("an impossible utilisation is no error")
	}
}
