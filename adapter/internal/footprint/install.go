package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// unpackChunk is the size of the writes by which containerd unpacks an image.
const unpackChunk = 32 << 10

// install copies a program as a container runtime unpacks it.
//
// Most of what is resident is the program itself, and since Linux 6.18 a page of
// a file is mapped together with everything that entered the page cache by the
// same write. So the fresh output of the linker counts for 10 MiB more, and a
// program written at once for 30 MiB more. Unpacked programs, and programs read
// from disk as after a restart of the node, count the same.
func install(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	// A bare reader, so that the kernel does not choose the size of the pieces.
	type reader struct{ io.Reader }
	type writer struct{ io.Writer }
	if _, err := io.CopyBuffer(writer{out}, reader{in}, make([]byte, unpackChunk)); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}
