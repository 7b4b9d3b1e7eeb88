package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// matrix is the common state of the row kernels: they go through rows, and in
// every row through its vectors, the last of which may be a tail.
type matrix struct {
	row, full reg.GPVirtual // bytes of a row, and of the full vectors in it
	offset    reg.GPVirtual // of the current vector in the row
	rows      reg.GPVirtual // rows that are left
}

// matrix begins a row kernel with the parameters rows and channels.
func (g *generator) matrix() matrix {
	m := matrix{row: g.load("channels"), full: g.GP64(), offset: g.GP64()}
	last := g.GP64()
	g.LEAQ(operand.Mem{Base: m.row, Disp: -1}, last)
	g.ANDQ(operand.U32(g.lanes-1), last)
	g.INCQ(last)
	g.setTail(last)
	g.SHLQ(operand.U8(2), m.row)
	g.MOVQ(m.row, m.full)
	g.ANDQ(operand.I32(-g.vectorBytes()), m.full)
	m.rows = g.load("rows")
	return m
}

// part is one of the vectors of a row, at the current offset or right after it.
type part struct {
	offset       reg.GPVirtual
	displacement int
	tail         bool
	odd          int // 1 for the second of a pair, which has accumulators of its own
}

func (p part) of(base reg.Register) operand.Mem { return at(base, p.offset, p.displacement) }

// eachVector emits body for the vectors of a row: for pairs of full ones, for a
// full one that is left over, and for the tail.
func (g *generator) eachVector(m matrix, body func(v part)) {
	pairs, single, tail, done := g.label("pairs"), g.label("single"), g.label("tail"), g.label("end")
	width := g.vectorBytes()
	g.MOVQ(operand.I32(2*width), m.offset)
	g.CMPQ(m.offset, m.full)
	g.JGT(operand.LabelRef(single))
	g.Label(pairs)
	body(part{offset: m.offset, displacement: -2 * width})
	body(part{offset: m.offset, displacement: -width, odd: 1})
	g.ADDQ(operand.I32(2*width), m.offset)
	g.CMPQ(m.offset, m.full)
	g.JLE(operand.LabelRef(pairs))
	g.Label(single)
	g.SUBQ(operand.I32(2*width), m.offset)
	g.CMPQ(m.offset, m.full)
	g.JEQ(operand.LabelRef(tail))
	body(part{offset: m.offset})
	g.ADDQ(operand.U8(width), m.offset)
	g.Label(tail)
	g.CMPQ(m.offset, m.row)
	g.JEQ(operand.LabelRef(done))
	body(part{offset: m.offset, tail: true})
	g.Label(done)
}

// nextRow moves the pointers to matrices by a row, those to one value per row by
// one, and jumps to the label unless it was the last row.
func (g *generator) nextRow(m matrix, label string, matrices, values []reg.GPVirtual) {
	for _, pointer := range matrices {
		g.ADDQ(m.row, pointer)
	}
	for _, pointer := range values {
		g.ADDQ(operand.U8(floatBytes), pointer)
	}
	g.DECQ(m.rows)
	g.JNE(operand.LabelRef(label))
	g.VZEROUPPER()
	g.RET()
}

func (g *generator) normForward() {
	g.function("normForward",
		"func(rows, channels int, r, bias, gain, shift, out, mean, rstd *float32, perChannel, epsilon float32)",
		"is NormForward on operands that were checked; perChannel is 1/channels.")
	const ( // sum and squares are pairs
		zero = iota
		sum
		_
		squares
		_
		value
		operandOf
		scale
		mu
	)
	m := g.matrix()
	r, bias, gain, shift := g.load("r"), g.load("bias"), g.load("gain"), g.load("shift")
	out, mean, rstd := g.load("out"), g.load("mean"), g.load("rstd")
	g.zero(zero)

	g.Label("row")
	g.zero(sum)
	g.zero(sum + 1)
	g.eachVector(m, func(v part) {
		g.loadVector(v.of(r), value, v.tail)
		g.loadVector(v.of(bias), operandOf, v.tail)
		g.VADDPS(g.vector(operandOf), g.vector(value), g.vector(value))
		g.relu(value, zero)
		g.storeVector(value, v.of(r), v.tail)
		g.VADDPS(g.vector(value), g.vector(sum+v.odd), g.vector(sum+v.odd))
	})
	g.VADDPS(g.vector(sum+1), g.vector(sum), g.vector(sum))
	g.sum(sum, operandOf)
	g.VMULSS(g.memory("perChannel"), scalar(sum), scalar(mu))
	g.VMOVSS(scalar(mu), at(mean, nil, 0))
	g.broadcast(mu)

	g.zero(squares)
	g.zero(squares + 1)
	g.eachVector(m, func(v part) {
		g.loadVector(v.of(r), value, v.tail)
		g.VSUBPS(g.vector(mu), g.vector(value), g.vector(value))
		if v.tail {
			g.keepTail(value)
		}
		g.VFMADD231PS(g.vector(value), g.vector(value), g.vector(squares+v.odd))
	})
	g.VADDPS(g.vector(squares+1), g.vector(squares), g.vector(squares))
	g.sum(squares, operandOf)
	g.VMULSS(g.memory("perChannel"), scalar(squares), scalar(squares))
	g.VADDSS(g.memory("epsilon"), scalar(squares), scalar(squares))
	g.VSQRTSS(scalar(squares), scalar(squares), scalar(squares))
	one := g.GP32()
	g.MOVL(operand.U32(0x3f800000), one)
	g.VMOVD(one, scalar(scale))
	g.VDIVSS(scalar(squares), scalar(scale), scalar(scale))
	g.VMOVSS(scalar(scale), at(rstd, nil, 0))
	g.broadcast(scale)

	g.eachVector(m, func(v part) {
		g.loadVector(v.of(r), value, v.tail)
		g.VSUBPS(g.vector(mu), g.vector(value), g.vector(value))
		g.VMULPS(g.vector(scale), g.vector(value), g.vector(value))
		g.loadVector(v.of(gain), operandOf, v.tail)
		g.loadVector(v.of(shift), sum, v.tail)
		g.VFMADD231PS(g.vector(operandOf), g.vector(value), g.vector(sum))
		g.storeVector(sum, v.of(out), v.tail)
	})
	g.nextRow(m, "row", []reg.GPVirtual{r, out}, []reg.GPVirtual{mean, rstd})
}

func (g *generator) normBackward(name string, parameters bool) {
	signature := "func(rows, channels int, r, mean, rstd, gain, dout, dz *float32, perChannel float32)"
	doc := "is NormBackward without the gradients of the parameters, on operands that were checked; perChannel is 1/channels."
	if parameters {
		signature = "func(rows, channels int, r, mean, rstd, gain, dout, dz, dgain, dshift, dbias *float32, perChannel float32)"
		doc = "is NormBackward on operands that were checked; perChannel is 1/channels."
	}
	g.function(name, signature, doc)
	const ( // sum and dot are pairs
		zero = iota
		mu
		scale
		sum
		_
		dot
		_
		normalised
		gradient
		value
		total
	)
	m := g.matrix()
	r, mean, rstd, gain := g.load("r"), g.load("mean"), g.load("rstd"), g.load("gain")
	dout, dz := g.load("dout"), g.load("dz")
	var dgain, dshift, dbias reg.GPVirtual
	if parameters {
		dgain, dshift, dbias = g.load("dgain"), g.load("dshift"), g.load("dbias")
	}
	g.zero(zero)

	// normalise leaves r in value and (r-mean)·rstd in normalised.
	normalise := func(v part) {
		g.loadVector(v.of(r), value, v.tail)
		g.VSUBPS(g.vector(mu), g.vector(value), g.vector(normalised))
		g.VMULPS(g.vector(scale), g.vector(normalised), g.vector(normalised))
	}
	g.Label("row")
	g.VBROADCASTSS(at(mean, nil, 0), g.vector(mu))
	g.VBROADCASTSS(at(rstd, nil, 0), g.vector(scale))
	for _, accumulator := range []int{sum, sum + 1, dot, dot + 1} {
		g.zero(accumulator)
	}
	g.eachVector(m, func(v part) {
		normalise(v)
		g.loadVector(v.of(dout), gradient, v.tail)
		if parameters {
			g.loadVector(v.of(dgain), total, v.tail)
			g.VFMADD231PS(g.vector(normalised), g.vector(gradient), g.vector(total))
			g.storeVector(total, v.of(dgain), v.tail)
			g.loadVector(v.of(dshift), total, v.tail)
			g.VADDPS(g.vector(gradient), g.vector(total), g.vector(total))
			g.storeVector(total, v.of(dshift), v.tail)
		}
		g.loadVector(v.of(gain), value, v.tail)
		g.VMULPS(g.vector(value), g.vector(gradient), g.vector(gradient))
		g.VADDPS(g.vector(gradient), g.vector(sum+v.odd), g.vector(sum+v.odd))
		g.VFMADD231PS(g.vector(normalised), g.vector(gradient), g.vector(dot+v.odd))
	})
	for _, accumulator := range []int{sum, dot} {
		g.VADDPS(g.vector(accumulator+1), g.vector(accumulator), g.vector(accumulator))
		g.sum(accumulator, value)
		g.VMULSS(g.memory("perChannel"), scalar(accumulator), scalar(accumulator))
		g.broadcast(accumulator)
	}
	g.eachVector(m, func(v part) {
		normalise(v)
		g.loadVector(v.of(dout), gradient, v.tail)
		g.loadVector(v.of(gain), total, v.tail)
		g.VMULPS(g.vector(total), g.vector(gradient), g.vector(gradient))
		g.VSUBPS(g.vector(sum), g.vector(gradient), g.vector(gradient))
		g.VFNMADD231PS(g.vector(dot), g.vector(normalised), g.vector(gradient))
		g.VMULPS(g.vector(scale), g.vector(gradient), g.vector(gradient))
		g.clearWhereNotPositive(value, zero, gradient)
		g.storeVector(gradient, v.of(dz), v.tail)
		if parameters {
			g.loadVector(v.of(dbias), total, v.tail)
			g.VADDPS(g.vector(gradient), g.vector(total), g.vector(total))
			g.storeVector(total, v.of(dbias), v.tail)
		}
	})
	g.nextRow(m, "row", []reg.GPVirtual{r, dout, dz}, []reg.GPVirtual{mean, rstd})
}

func (g *generator) biasReLU() {
	g.function("biasReLU", "func(rows, channels int, h, bias *float32)", "is BiasReLU on operands that were checked.")
	const (
		zero = iota
		value
		operandOf
	)
	m := g.matrix()
	h, bias := g.load("h"), g.load("bias")
	g.zero(zero)
	g.Label("row")
	g.eachVector(m, func(v part) {
		g.loadVector(v.of(h), value, v.tail)
		g.loadVector(v.of(bias), operandOf, v.tail)
		g.VADDPS(g.vector(operandOf), g.vector(value), g.vector(value))
		g.relu(value, zero)
		g.storeVector(value, v.of(h), v.tail)
	})
	g.nextRow(m, "row", []reg.GPVirtual{h}, nil)
}

func (g *generator) reluBackward(name string, parameters bool) {
	signature, doc := "func(rows, channels int, h, dh *float32)", "is ReLUBackward without the gradient of the bias, on operands that were checked."
	if parameters {
		signature, doc = "func(rows, channels int, h, dh, dbias *float32)", "is ReLUBackward on operands that were checked."
	}
	g.function(name, signature, doc)
	const (
		zero = iota
		value
		gradient
		total
	)
	m := g.matrix()
	h, dh := g.load("h"), g.load("dh")
	var dbias reg.GPVirtual
	if parameters {
		dbias = g.load("dbias")
	}
	g.zero(zero)
	g.Label("row")
	g.eachVector(m, func(v part) {
		g.loadVector(v.of(h), value, v.tail)
		g.loadVector(v.of(dh), gradient, v.tail)
		g.clearWhereNotPositive(value, zero, gradient)
		g.storeVector(gradient, v.of(dh), v.tail)
		if parameters {
			g.loadVector(v.of(dbias), total, v.tail)
			g.VADDPS(g.vector(gradient), g.vector(total), g.vector(total))
			g.storeVector(total, v.of(dbias), v.tail)
		}
	})
	g.nextRow(m, "row", []reg.GPVirtual{h, dh}, nil)
}
