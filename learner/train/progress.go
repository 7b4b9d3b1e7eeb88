package train

import (
	"fmt"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/learner/em"
)

const barWidth = 10

// progress tells how far learning is: a line that is overwritten on a terminal,
// else one for every epoch.
type progress struct {
	terminal Terminal
	began    time.Time
	done     int
	total    int
	bar      bool
}

// epoch tells of a finished epoch.
func (p *progress) epoch(e em.Epoch, done, total int) {
	p.done, p.total = done, total
	elapsed := p.terminal.Now().Sub(p.began)
	filled := barWidth * done / total
	text := fmt.Sprintf("[%s%s] %3d %%  iteration %d, %s %d: loss %.4f, validation %.4f, %v",
		strings.Repeat("#", filled), strings.Repeat("-", barWidth-filled), 100*done/total,
		e.Iteration, e.Phase, e.Epoch, e.Training, e.Validation, elapsed.Round(100*time.Millisecond))
	if done < total {
		left := time.Duration(float64(elapsed) / float64(done) * float64(total-done))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	if p.terminal.Width < 1 {
		fmt.Fprintln(p.terminal.Out, text)
		return
	}
	// What goes on in the next row would not be overwritten.
	text = text[:min(len(text), p.terminal.Width-1)]
	fmt.Fprint(p.terminal.Out, "\r\x1b[K"+text)
	p.bar = true
}

// end leaves the last line as it is and goes to the next.
func (p *progress) end() {
	if p.bar {
		fmt.Fprintln(p.terminal.Out)
		p.bar = false
	}
}

// say prints a line.
func (p *progress) say(format string, args ...any) {
	p.end()
	fmt.Fprintf(p.terminal.Out, format+"\n", args...)
}
