package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// interruptible returns a context that ends with the first SIGINT or SIGTERM. A
// second one ends the process at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// terminal shows the progress of a command.
type terminal struct {
	out   io.Writer
	width int // columns; 0 if it is not a terminal
	line  bool
}

func newTerminal(w io.Writer) *terminal { return &terminal{out: w, width: columns(w)} }

// columns returns the width of a terminal, 0 if w is not one.
func columns(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// say prints a line.
func (t *terminal) say(format string, args ...any) {
	t.end()
	fmt.Fprintf(t.out, format+"\n", args...)
}

// progress shows the finished part of the work and the time it took. On a
// terminal it overwrites its line; otherwise it prints a new one.
func (t *terminal) progress(part float64, text string, elapsed time.Duration) {
	const width = 10
	filled := min(width, int(width*part))
	text = fmt.Sprintf("[%s%s] %3d %%  %s, %v",
		strings.Repeat("#", filled), strings.Repeat("-", width-filled), int(100*part), text, elapsed.Round(100*time.Millisecond))
	if part > 0 && part < 1 {
		text += fmt.Sprintf(", %v left", time.Duration(float64(elapsed)/part*(1-part)).Round(time.Second))
	}
	if t.width < 1 {
		fmt.Fprintln(t.out, text)
		return
	}
	// A second row would not be overwritten.
	fmt.Fprint(t.out, "\r\x1b[K"+text[:min(len(text), t.width-1)])
	t.line = true
}

// end keeps the last line and starts the next.
func (t *terminal) end() {
	if t.line {
		fmt.Fprintln(t.out)
		t.line = false
	}
}
