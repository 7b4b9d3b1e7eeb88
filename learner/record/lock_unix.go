//go:build unix

package record

import (
	"os"
	"syscall"
)

// lock keeps other recordings off the file until it is closed.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
