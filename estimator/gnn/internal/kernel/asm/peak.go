package main

import "github.com/mmcloughlin/avo/operand"

const (
	peakRegisters = 12 // more than latency × units of any CPU
	peakRounds    = 4
)

// peak emits a loop of multiply-adds that do not wait for each other.
func (g *generator) peak() {
	g.function("peak", "func(iterations int)", "runs iterations of 48 independent multiply-adds of vectors.")
	left := g.load("iterations")
	for i := range peakRegisters + 2 {
		g.zero(i)
	}
	g.Label("loop")
	for range peakRounds {
		for i := range peakRegisters {
			g.VFMADD231PS(g.vector(peakRegisters), g.vector(peakRegisters+1), g.vector(i))
		}
	}
	g.DECQ(left)
	g.JNE(operand.LabelRef("loop"))
	g.VZEROUPPER()
	g.RET()
}
