package artifact

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// trainTicket returns a model of 41 services with two blocks of 64 channels.
func trainTicket() *Model {
	const services, hidden, window = 41, 64, 12
	m := tiny()
	m.Services, m.Scaler, m.Graphs = nil, Scaler{}, nil
	for n := range services {
		m.Services = append(m.Services, fmt.Sprintf("ts/service-%d", n))
		m.Scaler.Mean = append(m.Scaler.Mean, []float64{1.5, 0.1, 0.2})
		m.Scaler.Std = append(m.Scaler.Std, []float64{1.5, 0.1, 0.2})
		m.Scaler.TargetMean = append(m.Scaler.TargetMean, 1)
		m.Scaler.TargetStd = append(m.Scaler.TargetStd, 1)
	}
	m.Affinity = make([]float32, services*services)
	for i := range 4 {
		m.Graphs = append(m.Graphs, Graph{Name: fmt.Sprint(i), Loss: 1, Affinity: m.Affinity})
	}
	m.Tensors = nil
	for _, shape := range [][]int{{3 * hidden, hidden}, {3, hidden, hidden}, {hidden, hidden}, {window, hidden, 4}} {
		elements, err := elementCount(shape)
		if err != nil {
			panic(err)
		}
		for range 2 {
			m.Tensors = append(m.Tensors, Tensor{Name: fmt.Sprint(len(m.Tensors)), Shape: shape, Data: make([]float32, elements)})
		}
	}
	return m
}

func BenchmarkWrite(b *testing.B) {
	m := trainTicket()
	b.SetBytes(int64(len(encode(b, m))))
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(io.Discard, m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	file := encode(b, trainTicket())
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}
