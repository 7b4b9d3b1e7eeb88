package kernel

import (
	"encoding/binary"
	"math"
	"strings"
)

// packed runs an instruction on vector registers, unless it is none. In Go's
// order of operands, the first source of the CPU's manuals is the last but one.
func (m *machine) packed(in *instruction) bool {
	ops := in.operands
	if len(ops) == 0 {
		return in.opcode == "VZEROUPPER" // what follows is compiled code
	}
	switch to := ops[len(ops)-1]; in.opcode {
	case "VMOVUPS", "VMOVUPS.Z", "VMOVAPS.Z", "VMASKMOVPS", "VMOVSS":
		m.move(in)
	case "VBROADCASTSS":
		value := m.lane(ops[0], 0)
		m.write(to, func(int) float32 { return value })
	case "VMOVD":
		bits := uint32(m.general[ops[0].number])
		m.write(to, func(lane int) float32 { return map[int]float32{0: math.Float32frombits(bits)}[lane] })
	case "KMOVW":
		m.opmasks[to.number] = m.general[ops[0].number] & 0xffff
	case "VEXTRACTF128", "VEXTRACTF64X4":
		from := int(ops[0].value) * to.lanes
		m.write(to, func(lane int) float32 { return m.lane(ops[1], from+lane) })
	case "VMOVHLPS":
		m.write(to, func(lane int) float32 { return m.lane(ops[lane/2], lane%2+2*(1-lane/2)) })
	case "VMOVSHDUP":
		m.write(to, func(lane int) float32 { return m.lane(ops[0], lane|1) })
	case "VCMPPS":
		m.compare(in)
	default:
		return m.arithmetic(in)
	}
	return true
}

// arithmetic runs an instruction that does the same in all lanes, or in the
// lowest one while the others come from the first source.
func (m *machine) arithmetic(in *instruction) bool {
	do := operation(in.opcode)
	if do == nil {
		return false
	}
	second, first, to := in.operands[0], in.operands[1], in.operands[2]
	lowest := strings.HasSuffix(in.opcode, "SS")
	m.write(to, func(lane int) float32 {
		if lowest && lane > 0 {
			return m.lane(first, lane)
		}
		return do(m.lane(second, lane), m.lane(first, lane), m.lane(to, lane))
	})
	return true
}

// operation returns what an instruction does in a lane, nil if it is no arithmetic.
func operation(opcode string) func(second, first, to float32) float32 {
	switch opcode {
	case "VXORPS", "VPXORD":
		return func(second, first, _ float32) float32 { return fromBits(toBits(second) ^ toBits(first)) }
	case "VANDPS":
		return func(second, first, _ float32) float32 { return fromBits(toBits(second) & toBits(first)) }
	case "VADDPS", "VADDSS":
		return func(second, first, _ float32) float32 { return first + second }
	case "VSUBPS":
		return func(second, first, _ float32) float32 { return first - second }
	case "VMULPS", "VMULSS":
		return func(second, first, _ float32) float32 { return first * second }
	case "VDIVSS":
		return func(second, first, _ float32) float32 { return first / second }
	case "VSQRTSS":
		return func(second, _, _ float32) float32 { return float32(math.Sqrt(float64(second))) }
	case "VFMADD231PS":
		return fma
	case "VFNMADD231PS":
		return func(second, first, to float32) float32 { return fma(-second, first, to) }
	case "VMAXPS":
		return func(second, first, _ float32) float32 {
			if first > second {
				return first
			}
			return second // also where one is NaN
		}
	}
	return nil
}

func toBits(v float32) uint32   { return math.Float32bits(v) }
func fromBits(b uint32) float32 { return math.Float32frombits(b) }

func fma(second, first, to float32) float32 {
	return float32(math.FMA(float64(first), float64(second), float64(to)))
}

// move runs a load, a store or a move between registers, all of which may have a
// mask as their second operand: what it leaves out is zero in a register and
// untouched in memory, where it is not even looked at.
func (m *machine) move(in *instruction) {
	from, to := in.operands[0], in.operands[len(in.operands)-1]
	chosen := func(int) bool { return true }
	if len(in.operands) == 3 {
		chosen = func(lane int) bool { return m.masks(in.operands[1], lane) }
	}
	lanes := max(from.lanes, to.lanes)
	if in.opcode == "VMOVSS" {
		lanes = 1
	}
	if to.kind == memory {
		for lane := range lanes {
			if chosen(lane) {
				*m.float(m.address(to, lane)) = m.lane(from, lane)
			}
		}
		return
	}
	m.write(to, func(lane int) float32 {
		if lane >= lanes || !chosen(lane) {
			return 0
		}
		return m.lane(from, lane)
	})
}

func (m *machine) masks(mask operand, lane int) bool {
	if mask.kind == opmask {
		return m.opmasks[mask.number]>>lane&1 == 1
	}
	return math.Signbit(float64(m.vectors[mask.number][lane]))
}

// compare runs VCMPPS with the predicate "not less or equal".
func (m *machine) compare(in *instruction) {
	second, first, to := in.operands[1], in.operands[2], in.operands[3]
	if in.operands[0].value != 6 {
		panic("the interpreter lacks " + in.text)
	}
	if to.kind == opmask {
		m.opmasks[to.number] = 0
		for lane := range first.lanes {
			if !(m.lane(first, lane) <= m.lane(second, lane)) {
				m.opmasks[to.number] |= 1 << lane
			}
		}
		return
	}
	m.write(to, func(lane int) float32 {
		if !(m.lane(first, lane) <= m.lane(second, lane)) {
			return fromBits(math.MaxUint32)
		}
		return 0
	})
}

// lane returns a lane of a register or of what is in memory.
func (m *machine) lane(op operand, lane int) float32 {
	switch op.kind {
	case vector:
		return m.vectors[op.number][lane]
	case memory:
		return *m.float(m.address(op, lane))
	case parameter:
		return fromBits(binary.LittleEndian.Uint32(m.frame[op.value:]))
	}
	panic("no vector operand")
}

// write sets all lanes of a register at once; those beyond its width become zero.
func (m *machine) write(to operand, value func(lane int) float32) {
	var result [16]float32
	for lane := range to.lanes {
		result[lane] = value(lane)
	}
	m.vectors[to.number] = result
}
