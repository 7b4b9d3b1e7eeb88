// Package process runs a group of programs of which none outlives the program
// that started it.
package process

import (
	"context"
	"errors"
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
	// Ready is polled until it returns nil; nil means the program is ready at once.
	Ready func(context.Context) error
	// Grace is how long the program may take to leave after SIGTERM before it is
	// killed; zero means 5 s.
	Grace time.Duration
}

// Failure is the error for a program that ended although nobody stopped it.
type Failure struct {
	// Name of the program, as in [Spec].
	Name string
	// Err says how it ended, for example "exit status 1" or "signal: killed".
	Err error
	// Log holds the last lines the program wrote to its standard output and error.
	Log []string
}

// Error names the program and how it ended, followed by the last lines of its log.
func (f *Failure) Error() string {
	if len(f.Log) == 0 {
		return fmt.Sprintf("%s ended: %v; it wrote no log", f.Name, f.Err)
	}
	return fmt.Sprintf("%s ended: %v; its log ends with:\n  %s", f.Name, f.Err, strings.Join(f.Log, "\n  "))
}

// Unwrap returns how the program ended.
func (f *Failure) Unwrap() error { return f.Err }

// Process is one program of a [Group]. Its methods may be called from several goroutines.
type Process struct {
	spec Spec
}

// Name returns the name given in [Spec].
func (p *Process) Name() string { return p.spec.Name }

// PID returns the process id, or 0 while the program is not running.
func (p *Process) PID() int { return 0 }

// LogFile returns the path of the file that receives standard output and error;
// a restarted program appends to it.
func (p *Process) LogFile() string { return "" }

// Start runs the program again with the same arguments, and therefore on the same
// ports, after Stop, Kill or a failure, and waits until it is ready. It is an
// error to start a program that is running.
func (p *Process) Start(ctx context.Context) error { return errors.New("process: not built yet") }

// Stop ends the program with SIGTERM, and with SIGKILL after [Spec].Grace or when
// ctx ends, and waits until it is gone. Stopping a program that is not running does nothing.
func (p *Process) Stop(ctx context.Context) error { return errors.New("process: not built yet") }

// Kill ends the program with SIGKILL, as a crash would but without being
// reported as a failure, and waits until it is gone.
func (p *Process) Kill() error { return errors.New("process: not built yet") }

// Pause stops the program with SIGSTOP: its ports stay open and every request to
// it hangs. Resume lets it go on. Stop and Kill work on a paused program.
func (p *Process) Pause() error { return errors.New("process: not built yet") }

// Resume lets a paused program go on.
func (p *Process) Resume() error { return errors.New("process: not built yet") }
