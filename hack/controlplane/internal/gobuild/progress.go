package gobuild

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	progressPeriod = 5 * time.Second
	keptLines      = 30
)

// output parses the output of `go build -v`: one import path for each compiled
// package, "go: downloading …" for each module, and errors.
type output struct {
	// total counts the packages that are to be compiled.
	total counter

	mu         sync.Mutex
	rest       []byte
	packages   int
	downloads  int
	complaints []string
}

// counter counts the lines written to it.
type counter struct{ lines atomic.Int64 }

func (c *counter) Write(piece []byte) (int, error) {
	c.lines.Add(int64(bytes.Count(piece, []byte("\n"))))
	return len(piece), nil
}

// Write takes a piece of the output; a line may come in several pieces.
func (o *output) Write(piece []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, piece...)
	for {
		line, rest, found := bytes.Cut(o.rest, []byte("\n"))
		if !found {
			return len(piece), nil
		}
		o.take(string(line))
		o.rest = rest
	}
}

func (o *output) take(line string) {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		o.downloads++
	case line != "" && !strings.ContainsAny(line, " \t:"):
		o.packages++
	case line != "":
		o.complaints = append(o.complaints, line)
		o.complaints = o.complaints[max(0, len(o.complaints)-keptLines):]
	}
}

// status describes the progress of the build.
func (o *output) status() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.packages == 0 && o.downloads > 0 {
		return fmt.Sprintf("%d modules downloaded", o.downloads)
	}
	total := o.total.lines.Load()
	if total == 0 {
		return "counting packages"
	}
	return fmt.Sprintf("%d of %d packages compiled", o.packages, total)
}

// errors returns the last lines that are neither packages nor downloads.
func (o *output) errors() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := o.complaints
	if len(o.rest) > 0 {
		lines = append(slices.Clip(lines), string(o.rest))
	}
	return strings.Join(lines, "\n")
}

// report writes the status with the time since start every period until done is closed.
func (o *output) report(w io.Writer, what string, start time.Time, period time.Duration, done <-chan struct{}) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			fmt.Fprintf(w, "building %s: %s, %v\n", what, o.status(), now.Sub(start).Round(time.Second))
		}
	}
}
