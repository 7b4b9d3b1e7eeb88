package main

import (
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// program returns all kernels for an instruction set, with registers allocated.
func program(set instructionSet) (*ir.File, error) {
	g := &generator{Context: build.NewContext(), instructionSet: set}
	g.ConstraintExpr("!purego")
	g.gemm()
	g.normForward()
	g.normBackward("normBackward", true)
	g.normBackward("normBackwardInput", false)
	g.biasReLU()
	g.reluBackward("reluBackward", true)
	g.reluBackward("reluBackwardInput", false)
	g.peak()
	file, err := g.Result()
	if err != nil {
		return nil, err
	}
	return file, pass.Compile.Execute(file)
}

// render returns the files that declare and define the kernels, by name.
func render(set instructionSet) (map[string][]byte, error) {
	file, err := program(set)
	if err != nil {
		return nil, err
	}
	cfg := printer.Config{Name: "the command asm", Pkg: "kernel"}
	assembly, err := printer.NewGoAsm(cfg).Print(file)
	if err != nil {
		return nil, err
	}
	declarations, err := printer.NewStubs(cfg).Print(file)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(set.name) + "_amd64"
	return map[string][]byte{name + ".s": assembly, name + ".go": declarations}, nil
}
