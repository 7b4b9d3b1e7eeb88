package queueing

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// fuzzed builds a valid window from arbitrary bytes: its shape, its samples and
// its graph. Samples are mostly of plausible size, sometimes of any.
func fuzzed(data []byte) *estimator.Window {
	next := func() byte {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return b
	}
	number := func() float64 {
		switch kind := next(); {
		case kind < 30:
			return math.NaN()
		case kind < 60:
			return 0
		case kind < 200:
			return math.Ldexp(float64(next()), int(kind%16)-12)
		default:
			var raw [8]byte
			n := copy(raw[:], data)
			data = data[n:]
			if v := math.Float64frombits(binary.LittleEndian.Uint64(raw[:])); !math.IsInf(v, 0) {
				return v
			}
			return math.MaxFloat64
		}
	}
	n, steps := 1+int(next()%5), 1+int(next()%14)
	step := time.Duration(1+int(next())) * time.Second / 4
	services := make([]estimator.Service, n)
	for i := range services {
		services[i] = estimator.Service{Namespace: "x", Name: string(rune('a' + i))}
	}
	w := estimator.NewWindow(services, estimator.DefaultFeatures(), steps, step, time.Unix(0, 0))
	if next()%4 > 0 {
		w.Calls = &estimator.CallGraph{}
		for source := estimator.Outside; source < n; source++ {
			for destination := range n {
				if next()%2 == 0 {
					continue
				}
				if rate := math.Abs(number()); !math.IsNaN(rate) {
					w.Calls.Calls = append(w.Calls.Calls, estimator.Call{Source: source, Destination: destination, Rate: rate})
				}
			}
		}
	}
	for i := range w.Values {
		w.Values[i] = number()
	}
	return w
}

func FuzzEstimate(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 11, 120, 1})
	f.Add([]byte("\x02\x0b\x78\x01" + string(make([]byte, 40))))
	for seed := range byte(6) {
		data := make([]byte, 700)
		state := uint32(seed) + 1
		for i := range data {
			state = state*1664525 + 1013904223
			data[i] = byte(state >> 24)
			if seed < 3 && data[i] >= 200 {
				data[i] -= 60 // plausible samples only
			}
		}
		f.Add(data)
	}
	c := DefaultConfig()
	c.SLO = 300 * time.Millisecond
	hab, err := NewHAB(c)
	if err != nil {
		f.Fatal(err)
	}
	mmn, err := NewMMN(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := fuzzed(data)
		if err := w.Validate(); err != nil {
			t.Fatalf("the test built an invalid window: %v", err)
		}
		for _, e := range []estimator.Estimator{hab, mmn} {
			forecast, err := e.Estimate(context.Background(), w)
			if err != nil {
				if !errors.Is(err, estimator.ErrInsufficientData) {
					t.Fatalf("%T: %v", e, err)
				}
				continue
			}
			if len(forecast.Services) != len(w.Services) || len(forecast.Replicas) != len(w.Services)*forecast.Horizon {
				t.Fatalf("%T: forecast of shape %d × %d for %d services", e, len(forecast.Services), forecast.Horizon, len(w.Services))
			}
			for _, n := range forecast.Replicas {
				if n < 0 || math.IsInf(n, 0) {
					t.Fatalf("%T: %v replicas", e, n)
				}
			}
		}
	})
}
