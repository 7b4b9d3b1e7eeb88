package estimator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var unknown = math.NaN()

// answer is an estimator that always says the same: rows of replicas, or an
// error.
type answer struct {
	rows  [][]float64
	err   error
	asked *int
}

func (a answer) Estimate(_ context.Context, w *Window) (*Forecast, error) {
	if a.asked != nil {
		*a.asked++
	}
	if a.err != nil {
		return nil, a.err
	}
	f := NewForecast(w.Services, len(a.rows[0]), w.Step)
	for n, row := range a.rows {
		for h, v := range row {
			f.Set(n, h, v)
		}
	}
	return f, nil
}

func threeServices() *Window {
	services := []Service{{"shop", "a"}, {"shop", "b"}, {"shop", "c"}}
	return NewWindow(services, DefaultFeatures(), 2, time.Second, time.Unix(0, 0))
}

func TestHandover(t *testing.T) {
	lacking := fmt.Errorf("too young: %w", ErrInsufficientData)
	tests := []struct {
		name  string
		chain []Estimator
		want  []float64
		from  []int
	}{
		{
			"the primary knows everything",
			[]Estimator{answer{rows: [][]float64{{1, 2}, {3, 4}, {5, 6}}}, answer{rows: [][]float64{{9, 9}, {9, 9}, {9, 9}}}},
			[]float64{1, 2, 3, 4, 5, 6}, []int{0, 0, 0},
		},
		{
			"one row goes to the next, a partly known one as a whole",
			[]Estimator{
				answer{rows: [][]float64{{1, 2}, {unknown, unknown}, {5, unknown}}},
				answer{rows: [][]float64{{9, 9}, {unknown, unknown}, {7, 8}}},
				answer{rows: [][]float64{{0, 0}, {3, 4}, {0, 0}}},
			},
			[]float64{1, 2, 3, 4, 7, 8}, []int{0, 2, 1},
		},
		{
			"the primary lacks data",
			[]Estimator{answer{err: lacking}, answer{rows: [][]float64{{1}, {2}, {0}}}},
			[]float64{1, 2, 0}, []int{1, 1, 1},
		},
		{
			"nobody knows a service",
			[]Estimator{answer{rows: [][]float64{{1}, {unknown}, {3}}}, answer{err: lacking}},
			[]float64{1, unknown, 3}, []int{0, -1, 0},
		},
		{
			"numbers that are none are handed on",
			[]Estimator{answer{rows: [][]float64{{1}, {-2}, {math.Inf(1)}}}, answer{rows: [][]float64{{9}, {8}, {7}}}},
			[]float64{1, 8, 7}, []int{0, 1, 1},
		},
		{
			"a shorter horizon goes on at its last value",
			[]Estimator{answer{rows: [][]float64{{1, 2}, {unknown, unknown}, {5, 6}}}, answer{rows: [][]float64{{9, 9, 9}, {3, 4, 5}, {9, 9, 9}}}},
			[]float64{1, 2, 2, 3, 4, 5, 5, 6, 6}, []int{0, 1, 0},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := threeServices()
			f, origin, err := First(tt.chain[0], tt.chain[1:]...).EstimateFrom(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, f.Replicas, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("replicas (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.from, origin.From); diff != "" {
				t.Errorf("served by (-want +got):\n%s", diff)
			}
			if f.Horizon != len(tt.want)/3 || f.Step != w.Step || len(f.Services) != 3 {
				t.Errorf("forecast of %d services, %d steps of %v", len(f.Services), f.Horizon, f.Step)
			}
		})
	}
}

func TestHandoverAsksNoMoreThanItMust(t *testing.T) {
	asked := 0
	h := First(answer{rows: [][]float64{{1}, {2}, {3}}}, answer{err: ErrInsufficientData, asked: &asked})
	if _, err := h.Estimate(t.Context(), threeServices()); err != nil || asked != 0 {
		t.Errorf("error %v; asked the second %d times although the first knew everything", err, asked)
	}
}

func TestHandoverPassesOverWhatFails(t *testing.T) {
	broken := errors.New("model file is truncated")
	good := answer{rows: [][]float64{{1}, {2}, {3}}}
	for name, tt := range map[string]struct {
		primary Estimator
		want    error
		text    string
	}{
		"an error": {answer{err: broken}, broken, "truncated"},
		// A timeout of its own says nothing about the time that is left.
		"a deadline of its own": {answer{err: context.DeadlineExceeded}, context.DeadlineExceeded, "deadline"},
		"a panic":               {panicking{}, nil, "panic: index out of range"},
		"another shape":         {misshapen{}, nil, "for a window of 3 services"},
		"nothing":               {nothing{}, nil, "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			f, origin, err := First(tt.primary, good).EstimateFrom(t.Context(), threeServices())
			if err != nil {
				t.Fatalf("the application fails with its first estimator: %v", err)
			}
			if diff := cmp.Diff([]float64{1, 2, 3}, f.Replicas); diff != "" {
				t.Errorf("replicas (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]int{1, 1, 1}, origin.From); diff != "" {
				t.Errorf("served by (-want +got):\n%s", diff)
			}
			got := origin.Errors[0]
			if origin.Errors[1] != nil || got == nil || !strings.Contains(got.Error(), tt.text) || tt.want != nil && !errors.Is(got, tt.want) {
				t.Errorf("errors %v, want one of the first: %s", origin.Errors, tt.text)
			}
		})
	}
}

func TestHandoverErrors(t *testing.T) {
	broken := errors.New("model file is truncated")
	lacking := fmt.Errorf("no graph: %w", ErrInsufficientData)
	for name, tt := range map[string]struct {
		chain        []Estimator
		want         error
		insufficient bool
		failed       []bool
	}{
		"nobody has data":      {[]Estimator{answer{err: lacking}, answer{err: ErrInsufficientData}}, ErrInsufficientData, true, []bool{false, false}},
		"all rows unknown":     {[]Estimator{answer{rows: [][]float64{{unknown}, {unknown}, {unknown}}}}, ErrInsufficientData, true, []bool{false}},
		"everybody fails":      {[]Estimator{answer{err: broken}, panicking{}}, broken, false, []bool{true, true}},
		"one fails, one lacks": {[]Estimator{answer{err: broken}, answer{err: lacking}}, broken, true, []bool{true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			f, origin, err := First(tt.chain[0], tt.chain[1:]...).EstimateFrom(t.Context(), threeServices())
			if f != nil || !errors.Is(err, tt.want) || errors.Is(err, ErrInsufficientData) != tt.insufficient {
				t.Errorf("forecast %v and error %v, want only %v", f, err, tt.want)
			}
			for i, failed := range tt.failed {
				if (origin.Errors[i] != nil) != failed {
					t.Errorf("estimator %d: %v", i, origin.Errors[i])
				}
			}
		})
	}
}

func TestHandoverEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	tooLate := errors.New("too late")
	asked := 0
	h := First(cancelling{func() { cancel(tooLate) }}, answer{rows: [][]float64{{1}, {2}, {3}}, asked: &asked})
	if f, _, err := h.EstimateFrom(ctx, threeServices()); f != nil || !errors.Is(err, tooLate) || asked != 0 {
		t.Errorf("forecast %v, error %v after %d more estimators, want the cause of the cancellation at once", f, err, asked)
	}
}

// cancelling is interrupted while it estimates.
type cancelling struct{ cancel func() }

func (c cancelling) Estimate(ctx context.Context, _ *Window) (*Forecast, error) {
	c.cancel()
	return nil, ctx.Err()
}

type panicking struct{}

func (panicking) Estimate(context.Context, *Window) (*Forecast, error) {
	panic("index out of range")
}

type nothing struct{}

func (nothing) Estimate(context.Context, *Window) (*Forecast, error) { return nil, nil }

// misshapen forecasts for one service, whatever it is asked.
type misshapen struct{}

func (misshapen) Estimate(_ context.Context, w *Window) (*Forecast, error) {
	return NewForecast(w.Services[:1], 1, w.Step), nil
}
