package estimator

import (
	"context"
	"errors"
	"fmt"
	"math"
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
			"a shorter horizon goes on at its last value",
			[]Estimator{answer{rows: [][]float64{{1, 2}, {unknown, unknown}, {5, 6}}}, answer{rows: [][]float64{{9, 9, 9}, {3, 4, 5}, {9, 9, 9}}}},
			[]float64{1, 2, 2, 3, 4, 5, 5, 6, 6}, []int{0, 1, 0},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := threeServices()
			f, from, err := First(tt.chain[0], tt.chain[1:]...).EstimateFrom(context.Background(), w)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, f.Replicas, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("replicas (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.from, from); diff != "" {
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
	if _, err := h.Estimate(context.Background(), threeServices()); err != nil || asked != 0 {
		t.Errorf("error %v; asked the second %d times although the first knew everything", err, asked)
	}
}

func TestHandoverErrors(t *testing.T) {
	broken := errors.New("model file is truncated")
	good := answer{rows: [][]float64{{1}, {2}, {3}}}
	tests := []struct {
		name         string
		chain        []Estimator
		want         error
		insufficient bool
	}{
		{"nobody has data", []Estimator{answer{err: fmt.Errorf("no graph: %w", ErrInsufficientData)}, answer{err: ErrInsufficientData}}, ErrInsufficientData, true},
		{"all rows unknown", []Estimator{answer{rows: [][]float64{{unknown}, {unknown}, {unknown}}}}, ErrInsufficientData, true},
		{"broken primary is not passed over", []Estimator{answer{err: broken}, good}, broken, false},
		{"cancelled", []Estimator{answer{err: context.Canceled}, good}, context.Canceled, false},
		{"wrong shape", []Estimator{answer{rows: [][]float64{{unknown}, {1}, {1}}}, misshapen{}}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, from, err := First(tt.chain[0], tt.chain[1:]...).EstimateFrom(context.Background(), threeServices())
			if err == nil || f != nil || from != nil {
				t.Fatalf("forecast %v from %v and error %v, want only an error", f, from, err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) || errors.Is(err, ErrInsufficientData) != tt.insufficient {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// misshapen forecasts for one service, whatever it is asked.
type misshapen struct{}

func (misshapen) Estimate(_ context.Context, w *Window) (*Forecast, error) {
	return NewForecast(w.Services[:1], 1, w.Step), nil
}
