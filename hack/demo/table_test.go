package main

import (
	"strings"
	"testing"
	"time"
)

func TestSnapshotShowsEveryService(t *testing.T) {
	s := snapshot{
		elapsed: 83 * time.Second, offered: 120, response: 340 * time.Millisecond, slo: 500 * time.Millisecond, violation: 0.125, cores: 0.5,
		rows: []row{
			{service: "frontend", requests: 118.04, latency: 42 * time.Millisecond, ready: 4, current: 5, desired: "5"},
			{service: "adservice", ready: 1, current: 1, desired: failed},
		},
	}
	var b strings.Builder
	if err := s.write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"01:23", "120 requests/s", "340.0ms", "SLO 500ms: met", "12.5 %", "0.500 core-hours", "frontend", "118.0", "42.0ms", "error"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
}

func TestSLAState(t *testing.T) {
	for name, tc := range map[string]struct {
		response time.Duration
		want     string
	}{
		"nothing answered": {0, "no traffic yet"},
		"within":           {500 * time.Millisecond, "met"},
		"above":            {501 * time.Millisecond, "VIOLATED"},
	} {
		s := snapshot{response: tc.response, slo: 500 * time.Millisecond}
		if got := s.sla(); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestSummaryCountsScaleOuts(t *testing.T) {
	var h history
	at := func(current int32, ready int, desired string) {
		h.add(snapshot{offered: 10 * float64(current), rows: []row{{service: "frontend", current: current, ready: ready, desired: desired}}})
	}
	at(1, 1, "1")
	at(4, 1, "4")
	at(4, 4, failed)
	at(2, 2, "2")
	var b strings.Builder
	if err := h.write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"at most 40 requests/s", "scaled out 1 times", "at most 4 pods of 1 services", "1 reads of the metric failed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, b.String())
		}
	}
}

// The hand-over is marked when it happens, and explained at the end.
func TestHandOverIsMarked(t *testing.T) {
	var h history
	buying := map[string]float64{"": 4, "0123456789abcdef": 1} // by the model that serves meanwhile
	at := func(elapsed time.Duration, estimator, model string, violation, cores float64) snapshot {
		return snapshot{elapsed: elapsed, violation: violation, cores: cores, rows: []row{{service: "frontend", desired: "1", requests: 10}, {service: "checkout", desired: "1", requests: buying[model]}},
			planning: planning{sources: map[string]source{"frontend": {estimator, model}}, learner: "resting: no better"}}
	}
	text := func() string {
		var b strings.Builder
		if err := h.write(&b); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	h.add(at(time.Minute, "hab", "", 0.2, 0.1))
	if got := text(); len(h.recent()) != 0 || !strings.Contains(got, "none took over") || !strings.Contains(got, "resting: no better") {
		t.Errorf("before: %v\n%s", h.recent(), got)
	}
	h.last.planning.learner = "failed: train: no labels"
	if got := text(); !strings.Contains(got, "could not train") || !strings.Contains(got, "no labels") {
		t.Error(got)
	}
	h.add(at(4*time.Minute, "network", "0123456789abcdef", 0.2, 0.4))
	h.add(at(8*time.Minute, "network", "0123456789abcdef", 0.1, 0.6))
	if got := h.recent(); len(got) != 1 || !strings.Contains(got[0], "04:00  >>> HAND-OVER: the network 01234567") {
		t.Errorf("events %q", got)
	}
	if got := text(); !strings.Contains(got, "After 04:00 it was better") || !strings.Contains(got, "20.0 % of the time before the hand-over and 0.0 % after it, with 6.00 and 3.00 cores") {
		t.Error(got)
	}
	h.changes = []time.Duration{510 * time.Second}
	h.add(at(9*time.Minute, "hab", "", 0.1, 0.7))
	if got := h.recent(); len(got) != 3 || !strings.Contains(got[1], "09:00  ~~~ THE MIX CHANGES") || !strings.Contains(got[2], "queueing theory (hab) plans") {
		t.Errorf("events %q", got)
	}
	if got := text(); !strings.Contains(got, "At 08:00 users began to take other journeys. Most load moved to checkout, which gets 4.0 times as many requests") {
		t.Error(got)
	}
}
