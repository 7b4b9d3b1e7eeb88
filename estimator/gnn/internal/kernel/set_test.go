package kernel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestBestIsTheFirstAvailable(t *testing.T) {
	sets := Available()
	if best := Best().Name; best != sets[0].Name {
		t.Errorf("Best is %s, the first of Available %s", best, sets[0].Name)
	}
	if last := sets[len(sets)-1].Name; last != "gonum" {
		t.Errorf("the last of Available is %s, want gonum, which runs anywhere", last)
	}
}

func TestPeakFMACounts(t *testing.T) {
	one, three := PeakFMA(1), PeakFMA(3)
	if one <= 0 || three != 3*one {
		t.Errorf("1 iteration is %g operations, 3 are %g", one, three)
	}
	for _, iterations := range []int{0, -1} {
		if flops := PeakFMA(iterations); flops != 0 {
			t.Errorf("%d iterations are %g operations, want 0", iterations, flops)
		}
	}
}

func TestHolds(t *testing.T) {
	const huge = int(^uint(0) >> 1)
	for _, test := range []struct {
		length, rows, rowStride, cols, colStride int
		want                                     bool
	}{
		{1, 1, 0, 1, 0, true},
		{0, 1, 0, 1, 0, false},
		{12, 3, 4, 4, 1, true},
		{11, 3, 4, 4, 1, false},
		{8, 3, 2, 4, 1, true},
		{1, 5, 0, 6, 0, true},
		{100, huge, huge, 2, 1, false},
		{100, 2, 1, huge, huge, false},
		{100, 2, huge, 3, huge, false},
		{100, 1 << 32, 1 << 32, 1, 1, false},
	} {
		if got := holds(test.length, test.rows, test.rowStride, test.cols, test.colStride); got != test.want {
			t.Errorf("%+v: got %t", test, got)
		}
	}
}

// TestShortSlicesPanic: nothing may be written before it is clear that all can be.
func TestShortSlicesPanic(t *testing.T) {
	of := func(n int) []float32 { return make([]float32, n) }
	for _, set := range testedSets(t) {
		out := of(100)
		for name, test := range map[string]struct {
			run  func()
			want string
		}{
			"m": {func() { set.Gemm(0, 1, 1, out, 1, 1, out, 1, out, 1, false) }, "must be at least 1"},
			"n": {func() { set.Gemm(1, 0, 1, out, 1, 1, out, 1, out, 1, false) }, "must be at least 1"},
			"k": {func() { set.Gemm(1, 1, 0, out, 1, 1, out, 1, out, 1, false) }, "must be at least 1"},

			"ars": {func() { set.Gemm(2, 2, 2, out, -1, 1, out, 2, out, 2, false) }, "strides -1, 1"},
			"acs": {func() { set.Gemm(2, 2, 2, out, 1, -1, out, 2, out, 2, false) }, "strides 1, -1"},
			"ldb": {func() { set.Gemm(2, 2, 2, out, 2, 1, out, 1, out, 2, false) }, "1 of b"},
			"ldc": {func() { set.Gemm(2, 2, 2, out, 2, 1, out, 2, out, 1, false) }, "1 of c"},

			"a": {func() { set.Gemm(3, 4, 5, of(14), 5, 1, of(20), 4, out, 4, false) }, "a has 14 elements"},
			"b": {func() { set.Gemm(3, 4, 5, of(15), 5, 1, of(19), 4, out, 4, false) }, "b has 19 elements"},
			"c": {func() { set.Gemm(3, 4, 5, of(15), 5, 1, of(20), 4, out[:11], 4, false) }, "c has 11 elements"},

			"forward channels": {func() { set.NormForward(0, out[:6], out, out, out, out, out, out) }, "rows of 0 channels"},
			"forward rows":     {func() { set.NormForward(3, out[:7], out, out, out, out, out, out) }, "7 elements are no rows"},
			"forward bias":     {func() { set.NormForward(3, out[:6], of(2), of(3), of(3), of(6), of(2), of(2)) }, "bias has 2"},
			"forward gain":     {func() { set.NormForward(3, out[:6], of(3), of(2), of(3), of(6), of(2), of(2)) }, "gain has 2"},
			"forward shift":    {func() { set.NormForward(3, out[:6], of(3), of(3), of(2), of(6), of(2), of(2)) }, "shift has 2"},
			"forward out":      {func() { set.NormForward(3, out[:6], of(3), of(3), of(3), of(5), of(2), of(2)) }, "out has 5"},
			"forward mean":     {func() { set.NormForward(3, out[:6], of(3), of(3), of(3), of(6), of(1), of(2)) }, "mean has 1"},
			"forward rstd":     {func() { set.NormForward(3, out[:6], of(3), of(3), of(3), of(6), of(2), of(1)) }, "rstd has 1"},

			"backward rows": {func() { set.NormBackward(3, of(7), of(2), of(2), of(3), of(6), out, nil, nil, nil) }, "7 elements are no rows"},
			"backward mean": {func() { set.NormBackward(3, of(6), of(1), of(2), of(3), of(6), out, nil, nil, nil) }, "mean has 1"},
			"backward rstd": {func() { set.NormBackward(3, of(6), of(2), of(1), of(3), of(6), out, nil, nil, nil) }, "rstd has 1"},
			"backward gain": {func() { set.NormBackward(3, of(6), of(2), of(2), of(2), of(6), out, nil, nil, nil) }, "gain has 2"},
			"backward dout": {func() { set.NormBackward(3, of(6), of(2), of(2), of(3), of(5), out, nil, nil, nil) }, "dout has 5"},
			"backward dz":   {func() { set.NormBackward(3, of(6), of(2), of(2), of(3), of(6), out[:5], nil, nil, nil) }, "dz has 5"},
			"dgain":         {func() { set.NormBackward(3, of(6), of(2), of(2), of(3), of(6), out, of(2), of(3), of(3)) }, "dgain has 2"},
			"dshift":        {func() { set.NormBackward(3, of(6), of(2), of(2), of(3), of(6), out, of(3), nil, of(3)) }, "dshift has 0"},
			"dbias":         {func() { set.NormBackward(3, of(6), of(2), of(2), of(3), of(6), out, of(3), of(3), of(1)) }, "dbias has 1"},

			"bias and relu rows": {func() { set.BiasReLU(4, out[:6], of(4)) }, "6 elements are no rows"},
			"bias and relu bias": {func() { set.BiasReLU(3, out[:6], of(2)) }, "bias has 2"},

			"relu backward rows":  {func() { set.ReLUBackward(4, of(6), out, nil) }, "6 elements are no rows"},
			"relu backward dh":    {func() { set.ReLUBackward(3, of(6), out[:5], nil) }, "dh has 5"},
			"relu backward dbias": {func() { set.ReLUBackward(3, of(6), out, of(2)) }, "dbias has 2"},
		} {
			for i := range out {
				out[i] = untouched
			}
			if message := panicOf(test.run); !strings.Contains(message, test.want) || !strings.HasPrefix(message, "kernel: ") {
				t.Errorf("%s: %s: panicked with %q, want one with %q", set.Name, name, message, test.want)
			}
			if slices.ContainsFunc(out, func(v float32) bool { return v != untouched }) {
				t.Errorf("%s: %s: wrote before the panic", set.Name, name)
			}
		}
	}
}

func panicOf(run func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	run()
	return ""
}

func TestNoAllocations(t *testing.T) {
	const rows, channels = 20, 70
	random := newRandom()
	x, y := random.slice(rows*channels), random.slice(rows*channels)
	square, wide := random.slice(channels*channels), make([]float32, rows*channels)
	mean, rstd := make([]float32, rows), make([]float32, rows)
	v1, v2, v3 := random.slice(channels), random.slice(channels), random.slice(channels)
	for _, set := range Available() {
		for name, run := range map[string]func(){
			"Gemm": func() {
				set.Gemm(rows, channels, channels, x, channels, 1, square, channels, wide, channels, true)
				set.Gemm(channels, channels, rows, x, 1, channels, y, channels, square, channels, false)
			},
			"NormForward": func() { set.NormForward(channels, x, v1, v2, v3, y, mean, rstd) },
			"NormBackward": func() {
				set.NormBackward(channels, x, mean, rstd, v1, y, wide, nil, nil, nil)
				set.NormBackward(channels, x, mean, rstd, v1, y, wide, v2, v3, v3)
			},
			"BiasReLU":     func() { set.BiasReLU(channels, y, v1) },
			"ReLUBackward": func() { set.ReLUBackward(channels, x, wide, v2) },
		} {
			if set.Name == "gonum" && name == "Gemm" {
				continue // Sgemm may start goroutines
			}
			if allocations := testing.AllocsPerRun(10, run); allocations != 0 {
				t.Errorf("%s: %s allocates %g times", set.Name, name, allocations)
			}
		}
	}
}

// TestKernelsKeepNothing: sets are shared by goroutines; the race detector sees
// what they do in Go, the results what they do in assembly.
func TestKernelsKeepNothing(t *testing.T) {
	const m, n, k = 30, 33, 40
	random := newRandom()
	a, b := random.slice(m*k), random.slice(k*n)
	for _, set := range Available() {
		want := make([]float32, m*n)
		set.Gemm(m, n, k, a, k, 1, b, n, want, n, false)
		results := make(chan []float32)
		const workers = 4
		for range workers {
			go func() {
				c := make([]float32, m*n)
				for range 50 {
					set.Gemm(m, n, k, a, k, 1, b, n, c, n, false)
				}
				results <- c
			}()
		}
		for range workers {
			if got := <-results; !slices.Equal(got, want) {
				t.Errorf("%s: concurrent products differ", set.Name)
			}
		}
	}
}
