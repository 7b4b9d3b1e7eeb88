package kernel

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
)

// The assembly is tested as text as well, on an interpreter of its instructions:
// on any machine, whatever its CPU, and with every access to memory checked.

// machine is the state of a CPU that runs one kernel. A slice in its memory is
// at the address (i+1)<<32, so that nothing is anywhere near anything else.
type machine struct {
	general [16]uint64
	vectors [32][16]float32
	opmasks [8]uint64
	order   int // of the last comparison, or of the last result and zero
	frame   []byte
	slices  [][]float32
}

func (m *machine) place(s []float32) uint64 {
	m.slices = append(m.slices, s)
	return uint64(len(m.slices)) << 32
}

// call runs a kernel with arguments that are laid out as the Go compiler does.
func (a assembly) call(kernel string, arguments ...any) {
	m := &machine{}
	pad := func(size int) {
		for len(m.frame)%size != 0 {
			m.frame = append(m.frame, 0)
		}
	}
	for _, argument := range arguments {
		switch v := argument.(type) {
		case bool:
			m.frame = append(m.frame, map[bool]byte{true: 1}[v])
		case float32:
			pad(4)
			m.frame = binary.LittleEndian.AppendUint32(m.frame, math.Float32bits(v))
		case int:
			pad(8)
			m.frame = binary.LittleEndian.AppendUint64(m.frame, uint64(v))
		case []float32:
			pad(8)
			m.frame = binary.LittleEndian.AppendUint64(m.frame, m.place(v))
		default:
			panic(fmt.Sprintf("an argument of type %T", argument))
		}
	}
	symbols := map[string]uint64{}
	for name, data := range a.data {
		symbols[name] = m.place(data)
	}
	code := a.kernels[kernel]
	for at := 0; ; {
		in := &code.instructions[at]
		if in.opcode == "RET" {
			return
		}
		at++
		if in.opcode[0] == 'J' {
			if m.jumps(in.opcode) {
				at = code.labels[in.operands[0].name]
			}
			continue
		}
		if !m.scalar(in, symbols) && !m.packed(in) {
			panic("the interpreter lacks " + in.text)
		}
	}
}

func (m *machine) jumps(opcode string) bool {
	switch opcode {
	case "JMP":
		return true
	case "JEQ":
		return m.order == 0
	case "JNE":
		return m.order != 0
	case "JLT":
		return m.order < 0
	case "JLE":
		return m.order <= 0
	case "JGT":
		return m.order > 0
	case "JGE":
		return m.order >= 0
	}
	panic("the interpreter lacks " + opcode)
}

// scalar runs an instruction on general registers, unless it is none.
func (m *machine) scalar(in *instruction, symbols map[string]uint64) bool {
	read := func(i int) uint64 {
		switch op := in.operands[i]; op.kind {
		case immediate:
			return uint64(op.value)
		case general:
			return m.general[op.number]
		case symbol:
			return symbols[op.name] + uint64(op.value)
		case parameter:
			if in.opcode == "CMPB" {
				return uint64(m.frame[op.value])
			}
			return binary.LittleEndian.Uint64(m.frame[op.value:])
		}
		panic("the interpreter lacks " + in.text)
	}
	result := func(value uint64) {
		m.general[in.operands[len(in.operands)-1].number] = value
		m.order = cmp.Compare(int64(value), 0)
	}
	switch in.opcode {
	case "MOVQ", "MOVL":
		m.general[in.operands[1].number] = read(0)
	case "LEAQ":
		address := m.address
		if in.operands[0].kind == symbol {
			address = func(operand, int) uint64 { return read(0) }
		}
		m.general[in.operands[1].number] = address(in.operands[0], 0)
	case "ADDQ":
		result(read(1) + read(0))
	case "SUBQ":
		result(read(1) - read(0))
	case "ANDQ":
		result(read(1) & read(0))
	case "SHLQ":
		result(read(1) << read(0))
	case "SHRQ":
		result(read(1) >> (read(0) & 63))
	case "INCQ":
		result(read(0) + 1)
	case "DECQ":
		result(read(0) - 1)
	case "NEGQ":
		result(-read(0))
	case "CMPQ", "CMPB":
		m.order = cmp.Compare(int64(read(0)), int64(read(1)))
	case "TESTQ":
		m.order = cmp.Compare(int64(read(0)&read(1)), 0)
	default:
		return false
	}
	return true
}

// address returns where a lane of a memory operand is.
func (m *machine) address(op operand, lane int) uint64 {
	address := m.general[op.base] + uint64(op.value) + 4*uint64(lane)
	if op.index >= 0 {
		address += m.general[op.index] * op.scale
	}
	return address
}

// float returns the float at an address, and panics where there is none.
func (m *machine) float(address uint64) *float32 {
	slice, offset := int(address>>32)-1, int(uint32(address))
	if slice < 0 || slice >= len(m.slices) || offset%4 != 0 || offset/4 >= len(m.slices[slice]) {
		panic(fmt.Sprintf("access to %#x, outside all slices", address))
	}
	return &m.slices[slice][offset/4]
}
