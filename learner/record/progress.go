package record

import (
	"fmt"
	"strings"
	"time"
)

const (
	// Plain lines appear when a recording takes longer than quiet, and no more
	// often than every interval.
	quiet    = 3 * time.Second
	interval = 10 * time.Second

	barWidth = 30
)

// progress tells how far a recording is: as a bar on a terminal, else as lines.
type progress struct {
	terminal Terminal
	// total and before are the steps of the range, and those that were there
	// when this run began.
	total, before int
	began, last   time.Time
	bar           bool
}

func (p *progress) begin(before, total int) {
	p.before, p.total = before, total
	p.began = p.terminal.Now()
	p.last = p.began.Add(quiet - interval)
	p.show(before)
}

// show tells that done steps are recorded.
func (p *progress) show(done int) {
	now := p.terminal.Now()
	switch {
	case p.terminal.Interactive:
		filled := barWidth * done / p.total
		fmt.Fprintf(p.terminal.Out, "\r\x1b[K[%s%s] %s", strings.Repeat("#", filled), strings.Repeat("-", barWidth-filled), p.text(done, now))
		p.bar = true
	case now.Sub(p.last) >= interval:
		fmt.Fprintln(p.terminal.Out, p.text(done, now))
		p.last = now
	}
}

func (p *progress) text(done int, now time.Time) string {
	text := fmt.Sprintf("%d %%, %d of %d steps", 100*done/p.total, done, p.total)
	if fresh := done - p.before; fresh > 0 && done < p.total {
		left := time.Duration(float64(now.Sub(p.began)) / float64(fresh) * float64(p.total-done))
		text += fmt.Sprintf(", about %v left", left.Round(time.Second))
	}
	return text
}

// say prints a line, in place of the bar if there is one.
func (p *progress) say(format string, args ...any) {
	p.end()
	fmt.Fprintf(p.terminal.Out, format+"\n", args...)
}

// end removes the bar.
func (p *progress) end() {
	if p.bar {
		fmt.Fprint(p.terminal.Out, "\r\x1b[K")
		p.bar = false
	}
}
