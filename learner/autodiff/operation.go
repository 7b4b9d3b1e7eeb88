package autodiff

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// operation is the common part of our gorgonia operations. The fused ones own
// their output, because gorgonia drops its registers between runs.
type operation struct {
	name string
	in   []hm.Type
	out  hm.Type
	// shape of the output; empty for a scalar.
	shape tensor.Shape
}

// typeOf returns gorgonia's type of a tensor with that many dimensions.
func typeOf(of tensor.Dtype, dims int) hm.Type {
	if dims == 0 {
		return of
	}
	return gorgonia.TensorType{Dims: dims, Of: of}
}

// Arity, Type and the other methods implement [gorgonia.Op].
func (o *operation) Arity() int { return len(o.in) }

func (o *operation) Type() hm.Type {
	return hm.NewFnType(append(append([]hm.Type{}, o.in...), o.out)...)
}

func (o *operation) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.shape.Clone(), nil
}

func (o *operation) ReturnsPtr() bool     { return true }
func (o *operation) CallsExtern() bool    { return false }
func (o *operation) OverwritesInput() int { return -1 }
func (o *operation) String() string       { return o.name }

// WriteHash differs between instances: gorgonia merges nodes whose hashes agree.
func (o *operation) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s@%p", o.name, o) }

func (o *operation) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// view is a part of a flat bundle of gradients, in its own shape.
type view struct {
	operation
	offset int
	value  *tensor.Dense
}

func newView(name string, offset int, shape tensor.Shape) *view {
	return &view{
		operation: operation{
			name: name, shape: shape,
			in: []hm.Type{typeOf(tensor.Float32, 1)}, out: typeOf(tensor.Float32, shape.Dims()),
		},
		offset: offset,
	}
}

// Do implements [gorgonia.Op].
func (v *view) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	if v.value == nil {
		flat, err := floats(in[0])
		if err != nil {
			return nil, err
		}
		end := v.offset + v.shape.TotalSize()
		v.value = tensor.New(tensor.WithShape(v.shape...), tensor.WithBacking(flat[v.offset:end:end]))
	}
	return v.value, nil
}

func floats(v gorgonia.Value) ([]float32, error) {
	data, ok := v.Data().([]float32)
	if !ok {
		return nil, fmt.Errorf("value is a %T, want float32 numbers", v.Data())
	}
	return data, nil
}

// recovered turns a panic of gorgonia into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("gorgonia: %v", r)
	}
}
