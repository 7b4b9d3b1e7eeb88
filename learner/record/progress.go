package record

import (
	"fmt"
	"io"
	"time"
)

// interval is the least time between two lines of progress.
const interval = 5 * time.Second

// progress prints the progress of a recording.
type progress struct {
	out         io.Writer
	now         func() time.Time
	total       int
	began, last time.Time
}

func (p *progress) begin(steps, services int) {
	p.total, p.began = steps, p.now()
	p.last = p.began
	p.line("reading %d steps of %d services", steps, services)
}

// show prints that done steps are read, unless it has just printed.
func (p *progress) show(done int) {
	now := p.now()
	if now.Sub(p.last) < interval || done == p.total {
		return
	}
	p.last = now
	left := time.Duration(float64(now.Sub(p.began)) / float64(done) * float64(p.total-done))
	p.line("%d %%, %d of %d steps, about %v left", 100*done/p.total, done, p.total, left.Round(time.Second))
}

func (p *progress) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }
