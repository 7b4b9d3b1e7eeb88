package adapter

import (
	"strings"
	"testing"
	"time"

	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

func TestReadyMeansHavingAPlan(t *testing.T) {
	c := testclock.NewFakePassiveClock(time.Now())
	fresh := func(applications ...string) (*readiness, *externalmetrics.Board) {
		board := externalmetrics.NewBoard(c, 30*time.Second)
		r := &readiness{board: board, clock: c, patience: 2 * time.Minute}
		if err := r.Check(nil); err == nil || !strings.Contains(err.Error(), "not listed") {
			t.Errorf("before autoscalers are listed: %v", err)
		}
		var assigned []discovery.Application
		for _, name := range applications {
			assigned = append(assigned, discovery.Application{Name: name})
		}
		board.Assign(assigned)
		r.autoscalersListed()
		return r, board
	}
	good := func(name string) tick.Result { return tick.Result{Application: name, Plan: &plan.Plan{}, At: c.Now()} }
	bad := func(name string) tick.Result {
		return tick.Result{Application: name, Failure: &tick.Failure{Stage: tick.StageWindow, Reason: "refused"}}
	}

	r, board := fresh("bank", "shop")
	board.Publish(good("shop"))
	if err := r.Check(nil); err == nil || err.Error() != "no plan yet for bank: its first tick has not ended" {
		t.Errorf("while one application is pending: %v", err)
	}
	board.Publish(bad("bank"))
	if err := r.Check(nil); err != nil {
		t.Errorf("one plan and one failure: %v", err)
	}
	board.Publish(bad("shop"))
	if err := r.Check(nil); err != nil {
		t.Errorf("an outage after it was ready: %v", err)
	}

	r, board = fresh("shop")
	board.Publish(bad("shop"))
	if err := r.Check(nil); err == nil || !strings.Contains(err.Error(), "shop: window: refused") {
		t.Errorf("no plan at all: %v", err)
	}
	c.SetTime(c.Now().Add(2*time.Minute + time.Second))
	if err := r.Check(nil); err != nil {
		t.Errorf("no plan at all for longer than its patience: %v", err)
	}

	if r, _ = fresh(); r.Check(nil) != nil {
		t.Errorf("nothing to plan: %v", r.Check(nil))
	}
}
