package kernel

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

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
