package train_test

import (
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/train"
)

func TestSeasonOfTheTrainingPart(t *testing.T) {
	o := quick(t)
	if report, a := o.must(t); report.Season != nil || a.Season != nil {
		t.Errorf("a random walk has the season %+v", report.Season)
	}
	recurring(o.History)
	report, a := o.must(t)
	if report.Season == nil || a.Season == nil {
		t.Fatal("bursts every 40 steps are no season")
	}
	if want := 40 * o.History.Step; time.Duration(report.Season.Period) != want || a.Season.Duration() != want {
		t.Errorf("the period is %v, in the file %v, want %v", time.Duration(report.Season.Period), a.Season.Duration(), want)
	}
	if len(report.Season.Worth) != len(o.History.Services) || report.Season.Worth[0] < 0.9 {
		t.Errorf("worth %v, want 1 for each service", report.Season.Worth)
	}
}

func TestWithoutRequestsThereIsNoSeason(t *testing.T) {
	o := quick(t)
	var err error
	if o.History, err = o.History.Select([]estimator.Feature{estimator.Replicas, estimator.CPU}); err != nil {
		t.Fatal(err)
	}
	o.Samples.Target, o.Samples.Features, o.Label = estimator.Replicas, nil, train.Label{Kind: "observed"}
	if report, a := o.must(t); report.Season != nil || a.Season != nil {
		t.Errorf("season %+v", report.Season)
	}
}
