package artifact

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// RowRule maps the end of a parameter's name to its axis over the services.
// Names match in whole dotted parts: {"attention.u1": 0} matches
// "blocks.0.attention.u1". The longest match counts. All other parameters are
// shared by the services (paper §IV-C: only U₁ and U₂ are not).
type RowRule map[string]int

// Transfer returns a copy of m for other services, to start training from when services
// join or leave. It keeps shared parameters and the rows of services that stay. A new
// service gets the mean of m's rows in every parameter that rows names, the pooled mean
// and standard deviation of m's services in the scaler, the sizing with the median
// target, and no edges.
//
// Matrices are not normalised again, and the losses of the graphs are those
// over m's services. The copy has m as its parent, no report, and m's creation
// time. If services contains no service of m, m belongs to another application,
// which is an error.
func (m *Model) Transfer(services []string, rows RowRule) (*Model, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("transfer: %w", err)
	}
	if err := validateNames("service", services, maxServices); err != nil {
		return nil, fmt.Errorf("transfer: %w", err)
	}
	from := make([]int, len(services)) // row in m, -1 for a new service
	known := false
	for i, s := range services {
		from[i] = slices.Index(m.Services, s)
		known = known || from[i] >= 0
	}
	if !known {
		return nil, fmt.Errorf("transfer: the model has none of the %d services, such as %q; it is for services such as %q; train from scratch",
			len(services), services[0], m.Services[0])
	}

	child := *m
	child.Services = slices.Clone(services)
	child.Features = slices.Clone(m.Features)
	child.Horizons = slices.Clone(m.Horizons)
	child.Quantiles = slices.Clone(m.Quantiles)
	child.Scaler = m.Scaler.transfer(from, m.Outputs())
	child.Affinity = submatrix(m.Affinity, len(m.Services), from)
	child.Graphs = nil
	for _, g := range m.Graphs {
		child.Graphs = append(child.Graphs, Graph{Name: g.Name, Loss: g.Loss, Affinity: submatrix(g.Affinity, len(m.Services), from)})
	}
	child.Report = nil
	child.Parent = m.Hash()
	child.Tensors = make([]Tensor, 0, len(m.Tensors))
	for _, t := range m.Tensors {
		moved := Tensor{Name: t.Name, Shape: slices.Clone(t.Shape), Data: slices.Clone(t.Data)}
		if axis, ok := rows.axis(t.Name); ok {
			if axis < 0 || axis >= len(t.Shape) || t.Shape[axis] != len(m.Services) {
				return nil, fmt.Errorf("transfer: tensor %q of shape %v has no axis %d over %d services", t.Name, t.Shape, axis, len(m.Services))
			}
			moved.Shape[axis] = len(services)
			moved.Data = reindex(t, axis, from)
		}
		child.Tensors = append(child.Tensors, moved)
	}
	if err := child.Validate(); err != nil {
		return nil, fmt.Errorf("transfer: %w", err)
	}
	return &child, nil
}

// axis returns the axis of the longest rule that matches a name.
func (r RowRule) axis(name string) (axis int, ok bool) {
	longest := 0
	for suffix, a := range r {
		if suffix == "" || len(suffix) < longest {
			continue
		}
		if name == suffix || strings.HasSuffix(name, "."+suffix) {
			longest, axis, ok = len(suffix), a, true
		}
	}
	return axis, ok
}

// reindex selects rows of t along an axis; row -1 stands for the mean of all.
func reindex(t Tensor, axis int, from []int) []float32 {
	inner := 1
	for _, d := range t.Shape[axis+1:] {
		inner *= d
	}
	n := t.Shape[axis]
	slabs := len(t.Data) / (n * inner)
	data := make([]float32, 0, slabs*len(from)*inner)
	mean := make([]float32, inner)
	for s := range slabs {
		slab := t.Data[s*n*inner : (s+1)*n*inner]
		for i := range inner {
			var sum float64
			for r := range n {
				sum += float64(slab[r*inner+i])
			}
			mean[i] = float32(sum / float64(n))
		}
		for _, r := range from {
			if r < 0 {
				data = append(data, mean...)
			} else {
				data = append(data, slab[r*inner:(r+1)*inner]...)
			}
		}
	}
	return data
}

// submatrix selects rows and columns of an [n,n] matrix; index -1 stands for an
// empty one.
func submatrix(a []float32, n int, from []int) []float32 {
	sub := make([]float32, len(from)*len(from))
	for i, r := range from {
		for j, c := range from {
			if r >= 0 && c >= 0 {
				sub[i*len(from)+j] = a[r*n+c]
			}
		}
	}
	return sub
}

func (s Scaler) transfer(from []int, outputs int) Scaler {
	moved := Scaler{Anchor: s.Anchor, Shares: moveRows(s.Shares, outputs, from), Offsets: moveRows(s.Offsets, outputs, from), Clamp: s.Clamp, Analytic: s.Analytic, AnalyticWindow: s.AnalyticWindow}
	pooled := len(s.Mean[0])
	mean, std := make([]float64, pooled), make([]float64, pooled)
	column := func(of [][]float64, c int) []float64 {
		values := make([]float64, len(of))
		for i, row := range of {
			values[i] = row[c]
		}
		return values
	}
	for c := range pooled {
		mean[c] = arithmeticMean(column(s.Mean, c))
		std[c] = rootMeanSquare(column(s.Std, c))
	}
	for _, r := range from {
		switch {
		case s.Anchor != AnchorDemand:
		case r < 0:
			moved.Sizings = append(moved.Sizings, middle(s.Sizings))
		default:
			moved.Sizings = append(moved.Sizings, s.Sizings[r])
		}
	}
	if len(s.Low) > 0 {
		low, high := make([]float64, pooled), make([]float64, pooled)
		for c := range pooled {
			low[c], high[c] = slices.Min(column(s.Low, c)), slices.Max(column(s.High, c))
		}
		for _, r := range from {
			if r < 0 {
				moved.Low, moved.High = append(moved.Low, slices.Clone(low)), append(moved.High, slices.Clone(high))
			} else {
				moved.Low, moved.High = append(moved.Low, slices.Clone(s.Low[r])), append(moved.High, slices.Clone(s.High[r]))
			}
		}
	}
	targetMean, targetStd := arithmeticMean(s.TargetMean), rootMeanSquare(s.TargetStd)
	for _, r := range from {
		if r < 0 {
			moved.Mean = append(moved.Mean, slices.Clone(mean))
			moved.Std = append(moved.Std, slices.Clone(std))
			moved.TargetMean = append(moved.TargetMean, targetMean)
			moved.TargetStd = append(moved.TargetStd, targetStd)
			continue
		}
		moved.Mean = append(moved.Mean, slices.Clone(s.Mean[r]))
		moved.Std = append(moved.Std, slices.Clone(s.Std[r]))
		moved.TargetMean = append(moved.TargetMean, s.TargetMean[r])
		moved.TargetStd = append(moved.TargetStd, s.TargetStd[r])
	}
	return moved
}

// moveRows returns the rows of other services, each of a width, unless all services share
// one. A service that is new has 0: the anchor alone, until it is trained.
func moveRows(values []float64, width int, from []int) []float64 {
	if len(values) <= width {
		return slices.Clone(values)
	}
	moved := make([]float64, width*len(from))
	for row, r := range from {
		if r >= 0 {
			copy(moved[row*width:], values[r*width:(r+1)*width])
		}
	}
	return moved
}

// middle returns a sizing with a median target. A rounded mean could be invalid.
func middle(sizings []demand.Sizing) demand.Sizing {
	sorted := slices.Clone(sizings)
	slices.SortFunc(sorted, func(a, b demand.Sizing) int {
		return cmp.Or(cmp.Compare(a.Utilisation, b.Utilisation), cmp.Compare(a.Idle, b.Idle))
	})
	return sorted[(len(sorted)-1)/2]
}

func arithmeticMean(values []float64) float64 {
	var mean float64
	for _, v := range values {
		mean += v / float64(len(values))
	}
	return mean
}

// rootMeanSquare pools standard deviations, without overflow.
func rootMeanSquare(values []float64) float64 {
	var root float64
	for _, v := range values {
		root = math.Hypot(root, v/math.Sqrt(float64(len(values))))
	}
	return root
}
