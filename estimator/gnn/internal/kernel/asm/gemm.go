package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tileRows is the number of rows of a full tile of the matrix product.
const tileRows = 6

// product is the common state of the tiles of a matrix product.
type product struct {
	ars, acs, ldb, ldc reg.GPVirtual // strides in bytes
	aRow, cRow         reg.GPVirtual // the current row of A and of C
	rows               reg.GPVirtual // rows that are left
	b, c, cols         reg.GPVirtual // the current columns of B and C, and how many are left
}

// gemm emits the matrix product. Tiles of C are kept in registers while all of
// k goes by; for every step of k a row of B is loaded and the elements of A, one
// per row, are broadcast from where they are, so that A may have any strides.
//
// The rows of C are done six at a time, and the rest in one or two lower tiles;
// every row of tiles goes through all columns, the last ones with a mask.
func (g *generator) gemm() {
	g.tails()
	g.function("gemm",
		"func(m, n, k int, a *float32, ars, acs int, b *float32, ldb int, c *float32, ldc int, accumulate bool)",
		"is Gemm on operands that were checked.")
	p := product{
		ars: g.load("ars"), acs: g.load("acs"), ldb: g.load("ldb"), ldc: g.load("ldc"),
		aRow: g.load("a"), cRow: g.load("c"), rows: g.load("m"),
		b: g.GP64(), c: g.GP64(), cols: g.GP64(),
	}
	for _, stride := range []reg.GPVirtual{p.ars, p.acs, p.ldb, p.ldc} {
		g.SHLQ(operand.U8(2), stride)
	}
	last := g.load("n")
	g.DECQ(last)
	g.ANDQ(operand.U32(g.lanes-1), last)
	g.INCQ(last)
	g.setTail(last)

	g.Label("rows")
	g.chooseRows(p.rows)
	for rows := tileRows; rows >= 1; rows-- {
		g.Label(rowsLabel(rows))
		g.rowOfTiles(p, rows)
		if rows == 1 { // as 5 and 4, or 4, or less, are chosen for what is left, one row is the last
			g.JMP(operand.LabelRef("done"))
			continue
		}
		g.SUBQ(operand.U8(rows), p.rows)
		g.JNE(operand.LabelRef("rows"))
		g.JMP(operand.LabelRef("done"))
	}
	g.Label("done")
	g.VZEROUPPER()
	g.RET()
}

func rowsLabel(rows int) string { return "rows" + string(rune('0'+rows)) }

// chooseRows jumps to the tile for the next rows. Seven to nine are done in
// halves, since tiles of one to three rows wait for their own additions.
func (g *generator) chooseRows(rows reg.GPVirtual) {
	for _, choice := range []struct {
		atLeast, tile int
	}{{10, 6}, {9, 5}, {7, 4}, {6, 6}, {5, 5}, {4, 4}, {3, 3}, {2, 2}} {
		g.CMPQ(rows, operand.U8(choice.atLeast))
		g.JGE(operand.LabelRef(rowsLabel(choice.tile)))
	}
	g.JMP(operand.LabelRef(rowsLabel(1)))
}

// rowOfTiles emits the tiles of one height, through all columns.
func (g *generator) rowOfTiles(p product, rows int) {
	panelLanes := g.panel * g.lanes
	full, tail, next := g.label("full"), g.label("tail"), g.label("next")
	g.Load(g.Param("b"), p.b)
	g.MOVQ(p.cRow, p.c)
	g.Load(g.Param("n"), p.cols)

	g.Label(full)
	g.CMPQ(p.cols, operand.U8(panelLanes))
	g.JLT(operand.LabelRef(tail))
	g.tile(p, rows, g.panel, false)
	g.ADDQ(operand.U32(panelLanes*floatBytes), p.b)
	g.ADDQ(operand.U32(panelLanes*floatBytes), p.c)
	g.SUBQ(operand.U8(panelLanes), p.cols)
	g.JMP(operand.LabelRef(full))

	g.Label(tail)
	g.TESTQ(p.cols, p.cols)
	g.JEQ(operand.LabelRef(next))
	for vectors := 1; vectors <= g.panel; vectors++ {
		wider := g.label("wider")
		if vectors < g.panel {
			g.CMPQ(p.cols, operand.U8(vectors*g.lanes))
			g.JGT(operand.LabelRef(wider))
		}
		g.tile(p, rows, vectors, true)
		if vectors < g.panel {
			g.JMP(operand.LabelRef(next))
			g.Label(wider)
		}
	}

	g.Label(next)
	for range rows {
		g.ADDQ(p.ars, p.aRow)
		g.ADDQ(p.ldc, p.cRow)
	}
}

// tile emits C (+)= A·B for rows×vectors registers; in the last vector of a row
// only the tail counts if tail is set.
func (g *generator) tile(p product, rows, vectors int, tail bool) {
	accumulator := func(i, j int) int { return i*vectors + j }
	ofB := func(j int) int { return tileRows*g.panel + j }
	element := (tileRows + 1) * g.panel
	masked := func(j int) bool { return tail && j == vectors-1 }
	fresh, begin, loop := g.label("fresh"), g.label("begin"), g.label("loop")

	g.CMPB(g.memory("accumulate"), operand.U8(0))
	g.JEQ(operand.LabelRef(fresh))
	g.eachRow(p.c, p.ldc, rows, func(i int, row operand.Mem) {
		for j := range vectors {
			g.loadVector(row.Offset(j*g.vectorBytes()), accumulator(i, j), masked(j))
		}
	})
	g.JMP(operand.LabelRef(begin))
	g.Label(fresh)
	for i := range rows * vectors {
		g.zero(i)
	}
	g.Label(begin)

	a, b, k := g.GP64(), g.GP64(), g.load("k")
	g.MOVQ(p.aRow, a)
	g.MOVQ(p.b, b)
	a3 := g.fourthRow(a, p.ars, rows)
	g.Label(loop)
	for j := range vectors {
		g.loadVector(at(b, nil, j*g.vectorBytes()), ofB(j), masked(j))
	}
	for i := range rows {
		g.VBROADCASTSS(rowAddress(a, a3, p.ars, i), g.vector(element))
		for j := range vectors {
			g.VFMADD231PS(g.vector(ofB(j)), g.vector(element), g.vector(accumulator(i, j)))
		}
	}
	g.ADDQ(p.acs, a)
	if rows > 3 {
		g.ADDQ(p.acs, a3)
	}
	g.ADDQ(p.ldb, b)
	g.DECQ(k)
	g.JNE(operand.LabelRef(loop))

	g.eachRow(p.c, p.ldc, rows, func(i int, row operand.Mem) {
		for j := range vectors {
			g.storeVector(accumulator(i, j), row.Offset(j*g.vectorBytes()), masked(j))
		}
	})
}

// eachRow emits body for the address of every row of a tile.
func (g *generator) eachRow(base, stride reg.GPVirtual, rows int, body func(i int, row operand.Mem)) {
	fourth := g.fourthRow(base, stride, rows)
	for i := range rows {
		body(i, rowAddress(base, fourth, stride, i))
	}
}

// fourthRow returns a register with the address of row 3, from which rows 3 to
// 5 can be addressed as rows 0 to 2 can be from base.
func (g *generator) fourthRow(base, stride reg.GPVirtual, rows int) reg.GPVirtual {
	fourth := g.GP64()
	if rows > 3 {
		g.LEAQ(operand.Mem{Base: base, Index: stride, Scale: 2}, fourth)
		g.ADDQ(stride, fourth)
	}
	return fourth
}

func rowAddress(base, fourth, stride reg.Register, i int) operand.Mem {
	if i >= 3 {
		base, i = fourth, i-3
	}
	if i == 0 {
		return operand.Mem{Base: base}
	}
	return operand.Mem{Base: base, Index: stride, Scale: uint8(i)}
}
