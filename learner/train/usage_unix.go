//go:build unix

package train

import (
	"runtime"
	"syscall"
	"time"
)

// usage returns the processor time of the process, user and system, and its
// peak resident memory in bytes.
func usage() (cpu time.Duration, resident int64, err error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0, err
	}
	// Maxrss is in KiB, except where it is in bytes.
	resident = int64(u.Maxrss) //nolint:unconvert // int32 on some platforms
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		resident <<= 10
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), resident, nil
}
