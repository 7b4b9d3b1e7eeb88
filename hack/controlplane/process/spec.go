package process

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Spec describes a program to run in a [Group].
type Spec struct {
	// Name identifies the program in errors and names its log file; unique in the group.
	Name string
	// Path of the program; Args exclude the program's own name.
	Path string
	Args []string
	// Env is added to the environment of the calling program.
	Env []string
	// Ready is polled until it returns nil; nil means the program is ready at
	// once. Its context ends after a second.
	Ready func(context.Context) error
	// Grace is the time from SIGTERM to SIGKILL; zero means 5 s.
	Grace time.Duration
}

func (s Spec) grace() time.Duration {
	if s.Grace > 0 {
		return s.Grace
	}
	return 5 * time.Second
}

// Failure is the error for a program that ended without being stopped.
type Failure struct {
	// Name of the program, as in [Spec].
	Name string
	// Err is the way in which it ended, for example "exit status 1" or "signal:
	// killed".
	Err error
	// Log holds the last lines the program wrote to its standard output and error.
	Log []string
}

// Error names the program and how it ended, followed by the last lines of its log.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s ended: %v; %s", f.Name, f.Err, describeLog(f.Log))
}

// Unwrap returns how the program ended.
func (f *Failure) Unwrap() error { return f.Err }

func describeLog(lines []string) string {
	if len(lines) == 0 {
		return "it wrote no log"
	}
	return "its log ends with:\n  " + strings.Join(lines, "\n  ")
}
