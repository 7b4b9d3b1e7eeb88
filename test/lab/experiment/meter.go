package experiment

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Meter writes how much of some work is done and how long the rest will take. Work is in
// any unit of cost. A nil Meter writes nothing.
type Meter struct {
	mu             sync.Mutex
	out            io.Writer
	now            func() time.Time
	began, wrote   time.Time
	expected, done float64
}

// pause is the least time between two lines.
const pause = 10 * time.Second

// NewMeter returns a meter that writes lines and reads a clock.
func NewMeter(out io.Writer, now func() time.Time) *Meter {
	return &Meter{out: out, now: now, began: now(), wrote: now()}
}

// Expect adds work that will be done.
func (m *Meter) Expect(work float64) { m.add(work, 0) }

// Skip takes work back that need not be done.
func (m *Meter) Skip(work float64) { m.add(-work, 0) }

// Done counts work as done.
func (m *Meter) Done(work float64) { m.add(0, work) }

func (m *Meter) add(expected, done float64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected += expected
	m.done += done
	now := m.now()
	if m.done <= 0 || now.Sub(m.wrote) < pause {
		return
	}
	m.wrote = now
	left := time.Duration(float64(now.Sub(m.began)) * max(0, m.expected/m.done-1))
	fmt.Fprintf(m.out, "%.0f %% done, about %v left\n", 100*min(1, m.done/m.expected), left.Round(time.Second))
}
