package main

import (
	"fmt"
	"io"
)

// noting returns a function that prints warnings about a file.
func noting(w io.Writer, path string) func(string) {
	return func(note string) { fmt.Fprintf(w, "warning: %s: %s\n", path, note) }
}
