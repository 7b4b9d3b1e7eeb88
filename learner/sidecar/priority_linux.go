package sidecar

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// niceness is the lowest priority of Linux.
const niceness = 19

// Yield gives every thread of the process the lowest priority, so that learning takes only
// the time that others on its processors leave. Linux has priorities for threads, and a new
// thread inherits that of its creator.
func Yield() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("lower the priority: %w", err)
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		// A thread may have ended.
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, niceness); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("lower the priority: %w", err)
		}
	}
	return nil
}
