package kernel

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// operands are a matrix product in padded memory: between the rows of B there
// is NaN, which must not get into C, and around those of C a number that must stay.
type operands struct {
	m, n, k, ars, acs, ldb, ldc int
	a, b, c                     []float32
	accumulate                  bool
}

const untouched = -12345

// layout is a way to keep A, by the strides it gives an m×k matrix.
type layout struct {
	name    string
	strides func(m, k int) (ars, acs int)
}

func layouts() []layout {
	return []layout{
		{"dense", func(_, k int) (int, int) { return k, 1 }},
		{"transposed", func(m, _ int) (int, int) { return 1, m }},
		{"padded", func(_, k int) (int, int) { return k + 3, 1 }},
		{"windows", func(_, k int) (int, int) { return (k + 1) / 2, 1 }},
		{"gaps", func(_, k int) (int, int) { return 2*k + 1, 2 }},
		{"row repeated", func(_, _ int) (int, int) { return 0, 1 }},
	}
}

func newOperands(random random, m, n, k int, l layout, pad int, accumulate bool) operands {
	ars, acs := l.strides(m, k)
	o := operands{m: m, n: n, k: k, ars: ars, acs: acs, ldb: n + pad, ldc: n + pad, accumulate: accumulate}
	o.a = random.slice((m-1)*ars + (k-1)*acs + 1)
	o.b = random.slice((k-1)*o.ldb + n)
	for i := range o.b {
		if i%o.ldb >= n {
			o.b[i] = float32(math.NaN())
		}
	}
	o.c = random.slice((m-1)*o.ldc + n + pad)
	for i := range o.c {
		if i%o.ldc >= n {
			o.c[i] = untouched
		}
	}
	return o
}

// check compares a set with the definition in float64.
func (o operands) check(t *testing.T, set Set[float32]) {
	t.Helper()
	got := append([]float32(nil), o.c...)
	set.Gemm(o.m, o.n, o.k, o.a, o.ars, o.acs, o.b, o.ldb, got, o.ldc, o.accumulate)
	for i, v := range got {
		row, column := i/o.ldc, i%o.ldc
		if column >= o.n {
			if v != untouched {
				t.Fatalf("c[%d], outside the matrix, became %g", i, v)
			}
			continue
		}
		var want, size float64
		if o.accumulate {
			want = float64(o.c[i])
			size = math.Abs(want)
		}
		for p := range o.k {
			product := float64(o.a[row*o.ars+p*o.acs]) * float64(o.b[p*o.ldb+column])
			want += product
			size += math.Abs(product)
		}
		// Every addition may be off by half a unit in the last place of the sum.
		if limit := float64(o.k+2) * size * 0x1p-24; !(math.Abs(float64(v)-want) <= limit) {
			t.Fatalf("C[%d,%d] = %g, want %g ± %g", row, column, v, want, limit)
		}
	}
}

func TestGemm(t *testing.T) {
	for _, set := range testedSets(t) {
		slow := strings.HasPrefix(set.Name, "interpreted")
		t.Run(set.Name, func(t *testing.T) {
			random := newRandom()
			run := func(m, n, k int, l layout, pad int, accumulate bool) {
				t.Helper()
				name := fmt.Sprintf("%dx%dx%d/%s/pad=%d/accumulate=%t", m, n, k, l.name, pad, accumulate)
				t.Run(name, func(t *testing.T) { newOperands(random, m, n, k, l, pad, accumulate).check(t, set) })
			}
			// All heights of tiles, with all widths of tails.
			for m := 1; m <= 13; m++ {
				for _, n := range []int{1, 5, 8, 11, 16, 17, 31, 32, 40, 48, 57, 64, 70} {
					run(m, n, 1+(m+n)%4, layouts()[(m+n)%len(layouts())], n%3, (m+n)%2 == 0)
				}
			}
			// All layouts.
			for _, l := range layouts() {
				run(14, 20, 9, l, 2, false)
				run(14, 20, 9, l, 2, true)
			}
			// More than a block in k, and in n.
			run(2, 9, 300, layouts()[1], 1, false)
			run(2, 9, 300, layouts()[0], 1, true)
			run(3, 150, 80, layouts()[0], 0, false)
			if slow {
				return
			}
			for size := 1; size <= 70; size++ {
				for _, l := range layouts() {
					run(1+random.IntN(70), size, 1+random.IntN(40), l, random.IntN(3), size%2 == 0)
				}
			}
			for _, p := range products() {
				fixed := layout{p.name, func(int, int) (int, int) { return p.ars, p.acs }}
				run(p.m, p.n, p.k, fixed, 3, true)
			}
		})
	}
}

func TestGemmPropagatesNaNAndInf(t *testing.T) {
	const m, n, k = 9, 21, 5
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, set := range testedSets(t) {
		t.Run(set.Name, func(t *testing.T) {
			product := func(change func(a, b, c []float32), accumulate bool) []float32 {
				a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
				for _, s := range [][]float32{a, b, c} {
					for i := range s {
						s[i] = 1
					}
				}
				change(a, b, c)
				set.Gemm(m, n, k, a, k, 1, b, n, c, n, accumulate)
				return c
			}
			for _, test := range []struct {
				name       string
				change     func(a, b, c []float32)
				accumulate bool
				want       func(row, column int) float32
			}{
				{"NaN in A", func(a, _, _ []float32) { a[7*k+2] = nan }, false, func(row, _ int) float32 {
					return map[bool]float32{true: nan, false: k}[row == 7]
				}},
				{"NaN in B", func(_, b, _ []float32) { b[3*n+20] = nan }, false, func(_, column int) float32 {
					return map[bool]float32{true: nan, false: k}[column == 20]
				}},
				{"Inf in B", func(_, b, _ []float32) { b[3*n+4] = inf }, false, func(_, column int) float32 {
					return map[bool]float32{true: inf, false: k}[column == 4]
				}},
				{"Inf - Inf", func(_, b, _ []float32) { b[3*n+4], b[4*n+4] = inf, -inf }, false, func(_, column int) float32 {
					return map[bool]float32{true: nan, false: k}[column == 4]
				}},
				{"NaN in C", func(_, _, c []float32) { c[n+17] = nan }, true, func(row, column int) float32 {
					return map[bool]float32{true: nan, false: k + 1}[row == 1 && column == 17]
				}},
				{"NaN in C is overwritten", func(_, _, c []float32) { c[n+17] = nan }, false, func(int, int) float32 { return k }},
			} {
				for i, got := range product(test.change, test.accumulate) {
					if want := test.want(i/n, i%n); !same(got, want) {
						t.Errorf("%s: C[%d,%d] = %g, want %g", test.name, i/n, i%n, got, want)
					}
				}
			}
		})
	}
}

// same tells whether two numbers are equal, or both NaN.
func same(a, b float32) bool { return a == b || a != a && b != b }

func TestGemmInFloat64(t *testing.T) {
	const m, n, k = 7, 6, 5
	random := newRandom()
	for _, l := range layouts() {
		ars, acs := l.strides(m, k)
		a, b, c := make([]float64, (m-1)*ars+(k-1)*acs+1), make([]float64, k*n), make([]float64, m*n)
		for _, s := range [][]float64{a, b, c} {
			for i := range s {
				s[i] = random.NormFloat64()
			}
		}
		want := append([]float64(nil), c...)
		for i := range m * n {
			for p := range k {
				want[i] += a[i/n*ars+p*acs] * b[p*n+i%n]
			}
		}
		Gonum64().Gemm(m, n, k, a, ars, acs, b, n, c, n, true)
		for i := range c {
			if math.Abs(c[i]-want[i]) > 1e-13 {
				t.Errorf("%s: C[%d,%d] = %g, want %g", l.name, i/n, i%n, c[i], want[i])
			}
		}
	}
}
