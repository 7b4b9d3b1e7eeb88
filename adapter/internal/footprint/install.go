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
// a file is mapped together with everything that came into the page cache by
// the same write: what the linker has just written counts for 10 MiB more, a
// program that was written at once for 30 MiB more. One that was unpacked and
// one that was read from disk, as after a restart of the node, count the same.
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
	// Bare, so that the kernel does not copy the file in pieces of its choice.
	type reader struct{ io.Reader }
	type writer struct{ io.Writer }
	if _, err := io.CopyBuffer(writer{out}, reader{in}, make([]byte, unpackChunk)); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}
