package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const floatBytes = 4

// instructionSet describes a vector unit for the kernels.
type instructionSet struct {
	name  string
	lanes int // float32 in a vector
	// panel is the number of vectors in a row of the matrix product's tile. With
	// six rows, the accumulators and a row of B leave one register for the
	// elements of A and, where masks are vectors, one for the mask.
	panel   int
	opmasks bool // masks are in K registers, and instructions take them
}

func instructionSets() []instructionSet {
	return []instructionSet{
		{name: "AVX2", lanes: 8, panel: 2},
		{name: "AVX512", lanes: 16, panel: 4, opmasks: true},
	}
}

// generator emits kernels for vectors of its instruction set's width. Vector
// registers are numbered by hand; the general ones are allocated by avo.
type generator struct {
	*build.Context
	instructionSet
	labels int
}

func (s instructionSet) vectorBytes() int { return s.lanes * floatBytes }

// vector returns vector register i at full width.
func (s instructionSet) vector(i int) reg.Register {
	spec := reg.Spec(reg.S256)
	if s.opmasks {
		spec = reg.S512
	}
	return reg.LookupPhysical(reg.KindVector, reg.Index(i), spec)
}

// scalar returns the low 128 bits of vector register i, which the scalar instructions work on.
func scalar(i int) reg.Register { return reg.LookupPhysical(reg.KindVector, reg.Index(i), reg.S128) }

// half returns the low 256 bits of vector register i.
func half(i int) reg.Register { return reg.LookupPhysical(reg.KindVector, reg.Index(i), reg.S256) }

// The mask of a row's tail is in the last of the AVX2 registers or in K1; K2 is for comparisons.
func tailVector() reg.Register { return reg.Y15 }
func tailOpmask() reg.Register { return reg.K1 }

// function begins a kernel; its name ends with that of the instruction set.
func (g *generator) function(name, signature, doc string) {
	g.Function(name + g.name)
	g.Doc(name + g.name + " " + doc)
	g.Attributes(attr.NOSPLIT)
	g.Pragma("noescape")
	g.SignatureExpr(signature)
	g.labels = 0
}

// label returns a label that is unique in the kernel.
func (g *generator) label(name string) string {
	g.labels++
	return fmt.Sprintf("%s_%d", name, g.labels)
}

// load returns a new register with the parameter in it.
func (g *generator) load(parameter string) reg.GPVirtual {
	r := g.GP64()
	g.Load(g.Param(parameter), r)
	return r
}

// memory returns the address of a parameter.
func (g *generator) memory(parameter string) operand.Mem {
	basic, err := g.Param(parameter).Resolve()
	if err != nil {
		panic(err) // the kernel names a parameter that its signature lacks
	}
	return basic.Addr
}

// at returns the address base+index+displacement, in bytes; index may be nil.
func at(base, index reg.Register, displacement int) operand.Mem {
	m := operand.Mem{Base: base, Disp: displacement}
	if index != nil {
		m = m.Idx(index, 1)
	}
	return m
}

// setTail makes the mask of the first count lanes, 0 < count ≤ lanes. It overwrites CX.
func (g *generator) setTail(count reg.GPVirtual) {
	if g.opmasks {
		ones := g.GP64()
		g.MOVQ(operand.U64(g.lanes), reg.RCX)
		g.SUBQ(count, reg.RCX)
		g.MOVQ(operand.U64(1<<g.lanes-1), ones)
		g.SHRQ(reg.CL, ones)
		g.KMOVW(ones.As32(), tailOpmask())
		return
	}
	table := g.GP64()
	g.MOVQ(count, reg.RCX)
	g.NEGQ(reg.RCX)
	g.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("tails"), 0), table)
	g.VMOVUPS(operand.Mem{Base: table, Index: reg.RCX, Scale: floatBytes, Disp: g.vectorBytes()}, tailVector())
}

// tails emits the table that setTail reads: a vector of ones, then one of zeros.
func (g *generator) tails() {
	if g.opmasks {
		return
	}
	g.StaticGlobal("tails")
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 2 * g.lanes {
		var word operand.U32
		if i < g.lanes {
			word = 1<<32 - 1
		}
		g.AddDatum(i*floatBytes, word)
	}
}

// loadVector reads a vector, only the lanes of the tail mask if tail is set, and zeros the others.
func (g *generator) loadVector(m operand.Mem, v int, tail bool) {
	switch {
	case !tail:
		g.VMOVUPS(m, g.vector(v))
	case g.opmasks:
		g.VMOVUPS_Z(m, tailOpmask(), g.vector(v))
	default:
		g.VMASKMOVPS(m, tailVector(), g.vector(v))
	}
}

// storeVector writes a vector, only the lanes of the tail mask if tail is set.
func (g *generator) storeVector(v int, m operand.Mem, tail bool) {
	switch {
	case !tail:
		g.VMOVUPS(g.vector(v), m)
	case g.opmasks:
		g.VMOVUPS(g.vector(v), tailOpmask(), m)
	default:
		g.VMASKMOVPS(g.vector(v), tailVector(), m)
	}
}

func (g *generator) zero(v int) {
	if g.opmasks {
		g.VPXORD(g.vector(v), g.vector(v), g.vector(v))
		return
	}
	g.VXORPS(g.vector(v), g.vector(v), g.vector(v))
}

// keepTail zeros the lanes of v that are not in the tail mask.
func (g *generator) keepTail(v int) {
	if g.opmasks {
		g.VMOVAPS_Z(g.vector(v), tailOpmask(), g.vector(v))
		return
	}
	g.VANDPS(tailVector(), g.vector(v), g.vector(v))
}

// relu is v = max(v, 0). With the zero first, NaN in v is what VMAXPS returns.
func (g *generator) relu(v, zero int) { g.VMAXPS(g.vector(v), g.vector(zero), g.vector(v)) }

// notLessOrEqual is the predicate of VCMPPS that is true for NaN as well.
const notLessOrEqual = operand.U8(6)

// clearWhereNotPositive zeros the lanes of v where h ≤ 0, so not where h is NaN. It overwrites h.
func (g *generator) clearWhereNotPositive(h, zero, v int) {
	if g.opmasks {
		g.VCMPPS(notLessOrEqual, g.vector(zero), g.vector(h), reg.K2)
		g.VMOVAPS_Z(g.vector(v), reg.K2, g.vector(v))
		return
	}
	g.VCMPPS(notLessOrEqual, g.vector(zero), g.vector(h), g.vector(h))
	g.VANDPS(g.vector(h), g.vector(v), g.vector(v))
}

// sum adds up the lanes of v into its scalar. It overwrites t.
func (g *generator) sum(v, t int) {
	if g.opmasks {
		g.VEXTRACTF64X4(operand.U8(1), g.vector(v), half(t))
		g.VADDPS(half(t), half(v), half(v))
	}
	g.VEXTRACTF128(operand.U8(1), half(v), scalar(t))
	g.VADDPS(scalar(t), scalar(v), scalar(v))
	g.VMOVHLPS(scalar(v), scalar(v), scalar(t))
	g.VADDPS(scalar(t), scalar(v), scalar(v))
	g.VMOVSHDUP(scalar(v), scalar(t))
	g.VADDSS(scalar(t), scalar(v), scalar(v))
}

// broadcast copies the scalar of v into all its lanes.
func (g *generator) broadcast(v int) { g.VBROADCASTSS(scalar(v), g.vector(v)) }
