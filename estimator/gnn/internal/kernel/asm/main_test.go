package main

import (
	"os"
	"slices"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{"avx2_amd64.go", "avx2_amd64.s", "avx512_amd64.go", "avx512_amd64.s"}; !slices.Equal(names, want) {
		t.Errorf("wrote %q, want %q", names, want)
	}
	if err := write(dir + "/missing"); err == nil {
		t.Error("writing into a missing folder succeeded")
	}
}
