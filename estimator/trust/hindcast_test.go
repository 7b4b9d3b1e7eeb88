package trust

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What a network has derived already gives the same verdict as what is estimated anew.
func TestDerivedHindcastsAreThoseOfQueueingTheory(t *testing.T) {
	w := busy(8, 80)
	s := deciding(t, w)
	forecast, _, verdict, err := s.EstimateFrom(t.Context(), w)
	if err != nil || len(verdict.Hindcasts) != hindcasts {
		t.Fatalf("%+v, %v", verdict, err)
	}
	if !s.Theory.Equal(s.Network.(Anchored).Theory()) {
		t.Fatal("the network measures from something else")
	}
	s.Theory = nil
	anew, _, again, err := s.EstimateFrom(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, verdict, cmpopts.EquateNaNs()) + cmp.Diff(anew.Replicas, forecast.Replicas); diff != "" {
		t.Errorf("anew (-) and derived (+):\n%s", diff)
	}
}
