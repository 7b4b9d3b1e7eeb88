// Command asm prints the assembly of package kernel, with the declarations that
// go with it:
//
//	go run . -out ..
//
// The kernels are written once, for a vector of unknown width, and printed for
// AVX2 with FMA and for AVX-512F. The tests of package kernel run both on an
// interpreter of the instructions as well, so that they need no such CPU.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	// avo has flags of its own in the default set.
	flags := flag.NewFlagSet("asm", flag.ExitOnError)
	out := flags.String("out", "..", "the folder of package kernel")
	_ = flags.Parse(os.Args[1:]) // exits by itself
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	for _, set := range instructionSets() {
		files, err := render(set)
		if err != nil {
			return fmt.Errorf("printing the %s kernels: %w", set.name, err)
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				return fmt.Errorf("writing the %s kernels: %w", set.name, err)
			}
		}
	}
	return nil
}
