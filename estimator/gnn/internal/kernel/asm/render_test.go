package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestCheckedInFilesAreCurrent compares package kernel with what is printed now.
func TestCheckedInFilesAreCurrent(t *testing.T) {
	for _, set := range instructionSets() {
		files, err := render(set)
		if err != nil {
			t.Fatalf("%s: %v", set.name, err)
		}
		for name, want := range files {
			got, err := os.ReadFile(filepath.Join("..", name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what the generator prints; run go generate in package kernel", name)
			}
		}
	}
}

// TestNoFurtherExtensions: package kernel asks the CPU for AVX2 and FMA, or for
// AVX-512F, before it runs the kernels.
func TestNoFurtherExtensions(t *testing.T) {
	for _, set := range instructionSets() {
		checked := []string{"AVX", "AVX2", "FMA3"}
		if set.opmasks {
			checked = []string{"AVX", "AVX512F"}
		}
		file, err := program(set)
		if err != nil {
			t.Fatalf("%s: %v", set.name, err)
		}
		for _, function := range file.Functions() {
			for _, extension := range function.ISA {
				if !slices.Contains(checked, extension) {
					t.Errorf("%s needs %s, which is not asked for", function.Name, extension)
				}
			}
		}
	}
}
