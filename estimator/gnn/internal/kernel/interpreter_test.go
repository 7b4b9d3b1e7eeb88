package kernel

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The assembly is tested as text as well, on an interpreter of its instructions:
// on any machine, whatever its CPU, and with every access to memory checked.

// assembly is a file of kernels.
type assembly struct {
	kernels map[string]listing
	data    map[string][]float32
}

// listing is a kernel: its instructions, and which one each label is at.
type listing struct {
	instructions []instruction
	labels       map[string]int
}

type instruction struct {
	text     string
	opcode   string
	operands []operand
}

type operandKind int

const (
	immediate operandKind = iota
	general
	vector
	opmask
	memory
	parameter
	symbol
	label
)

// operand is what its kind needs of these.
type operand struct {
	kind        operandKind
	number      int // of the register
	lanes       int
	value       int64 // immediate, displacement, offset of the parameter
	base, index int   // general registers, -1 for none
	scale       uint64
	name        string // of the symbol or label
}

func readAssembly(tb testing.TB, file string) assembly {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	a := assembly{kernels: map[string]listing{}, data: map[string][]float32{}}
	var name string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		opcode, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "", strings.HasPrefix(line, "//"), strings.HasPrefix(line, "#"), opcode == "GLOBL":
		case opcode == "DATA": // DATA tails<>+4(SB)/4, $0xffffffff
			global, value, _ := strings.Cut(rest, ", $")
			global, _, _ = strings.Cut(global, "<>")
			bits, err := strconv.ParseUint(value, 0, 32)
			if err != nil {
				tb.Fatalf("%s: %v", line, err)
			}
			a.data[global] = append(a.data[global], math.Float32frombits(uint32(bits)))
		case opcode == "TEXT": // TEXT ·gemmAVX2(SB), NOSPLIT, $0-81
			name, _, _ = strings.Cut(strings.TrimPrefix(rest, "·"), "(")
			a.kernels[name] = listing{labels: map[string]int{}}
		case strings.HasSuffix(line, ":"):
			a.kernels[name].labels[strings.TrimSuffix(line, ":")] = len(a.kernels[name].instructions)
		default:
			k := a.kernels[name]
			k.instructions = append(k.instructions, parseInstruction(tb, line, opcode, rest))
			a.kernels[name] = k
		}
	}
	return a
}

func parseInstruction(tb testing.TB, line, opcode, rest string) instruction {
	tb.Helper()
	in := instruction{text: line, opcode: opcode}
	for text := range strings.SplitSeq(rest, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		op, err := parseOperand(text)
		if err != nil {
			tb.Fatalf("%s: %v", line, err)
		}
		in.operands = append(in.operands, op)
	}
	return in
}

func generalRegister(name string) int {
	if name == "CL" {
		name = "CX"
	}
	for i, known := range strings.Fields("AX CX DX BX SP BP SI DI R8 R9 R10 R11 R12 R13 R14 R15") {
		if name == known {
			return i
		}
	}
	return -1
}

func parseOperand(text string) (operand, error) {
	op := operand{base: -1, index: -1}
	if constant, ok := strings.CutPrefix(text, "$"); ok {
		value, err := strconv.ParseInt(constant, 0, 64)
		op.kind, op.value = immediate, value
		return op, err
	}
	if number := generalRegister(text); number >= 0 {
		op.kind, op.number = general, number
		return op, nil
	}
	if number, err := strconv.Atoi(text[1:]); err == nil {
		op.number = number
		switch text[0] {
		case 'X', 'Y', 'Z':
			op.kind, op.lanes = vector, 4<<(text[0]-'X')
			return op, nil
		case 'K':
			op.kind = opmask
			return op, nil
		}
	}
	if !strings.Contains(text, "(") {
		op.kind, op.name = label, text
		return op, nil
	}
	return parseAddress(text, op)
}

// parseAddress reads k+16(FP), tails<>+0(SB), 32(R10) and 32(R10)(SI*1).
func parseAddress(text string, op operand) (operand, error) {
	before, inside, _ := strings.Cut(text, "(")
	base, index, indexed := strings.Cut(strings.TrimSuffix(inside, ")"), ")(")
	if base == "FP" || base == "SB" {
		name, offset, _ := strings.Cut(before, "+")
		value, err := strconv.ParseInt(offset, 0, 64)
		op.kind, op.name, op.value = parameter, strings.TrimSuffix(name, "<>"), value
		if base == "SB" {
			op.kind = symbol
		}
		return op, err
	}
	op.kind, op.base = memory, generalRegister(base)
	if op.base < 0 {
		return op, fmt.Errorf("no register %q", base)
	}
	if indexed {
		name, scale, _ := strings.Cut(index, "*")
		value, err := strconv.ParseUint(scale, 10, 8)
		if err != nil {
			return op, err
		}
		op.index, op.scale = generalRegister(name), value
	}
	if before == "" {
		return op, nil
	}
	value, err := strconv.ParseInt(before, 0, 64)
	op.value = value
	return op, err
}

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
