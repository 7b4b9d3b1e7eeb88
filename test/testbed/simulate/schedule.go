// Package simulate runs an application in virtual time under a schedule of
// replicas and writes its telemetry.
package simulate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Schedule plans the replicas of each service. Replicas returns them for the step
// that begins at a time in seconds, in the order of the description.
type Schedule interface {
	Replicas(second float64) []int
}

// walk changes the replicas of each service by at most one at a time.
type walk struct {
	random   *rand.Rand
	replicas []int
	min, max int
	every    float64
	next     float64
}

// NewWalk returns a schedule in which every service takes a step of -1, 0 or 1 with
// equal probability every so many seconds, within bounds.
func NewWalk(a *app.Application, seed uint64, least, most int, every float64) (Schedule, error) {
	if least < 1 || most < least || every <= 0 {
		return nil, fmt.Errorf("a random walk needs 1 ≤ min ≤ max and a period above 0, have %d, %d and %v", least, most, every)
	}
	w := &walk{random: rand.New(rand.NewPCG(seed, walkStream)), min: least, max: most, every: every}
	for _, s := range a.Services {
		w.replicas = append(w.replicas, min(most, max(least, s.Replicas)))
	}
	return w, nil
}

const walkStream = 0xc0

func (w *walk) Replicas(second float64) []int {
	if second < w.next {
		return w.replicas
	}
	w.next = second + w.every
	for i := range w.replicas {
		w.replicas[i] = min(w.max, max(w.min, w.replicas[i]+w.random.IntN(3)-1))
	}
	return w.replicas
}

type constant []int

func (c constant) Replicas(float64) []int { return c }

// NewFixed returns a schedule that keeps every service at n replicas, or at those of
// the description when n is 0.
func NewFixed(a *app.Application, n int) (Schedule, error) {
	if n < 0 {
		return nil, fmt.Errorf("a service cannot have %d replicas", n)
	}
	c := make(constant, len(a.Services))
	for i, s := range a.Services {
		c[i] = s.Replicas
		if n > 0 {
			c[i] = n
		}
	}
	return c, nil
}

// change is one line of a schedule file.
type change struct {
	second   float64
	service  int
	replicas int
}

type file struct {
	changes  []change
	replicas []int
}

// ReadCSV returns the schedule of a table with the header second,service,replicas, in
// order of time. A service keeps its replicas until its next line. Errors name the line.
func ReadCSV(r io.Reader, a *app.Application) (Schedule, error) {
	table := csv.NewReader(r)
	table.FieldsPerRecord = 3
	header, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("read replica schedule: %w; want a header second,service,replicas", err)
	}
	if !slices.Equal(header, []string{"second", "service", "replicas"}) {
		return nil, fmt.Errorf("read replica schedule: line 1: the header is %q, want second,service,replicas", header)
	}
	f := &file{replicas: make([]int, len(a.Services))}
	for i, s := range a.Services {
		f.replicas[i] = s.Replicas
	}
	for last := 0.0; ; {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read replica schedule: %w", err)
		}
		line, _ := table.FieldPos(0)
		second, err := strconv.ParseFloat(record[0], 64)
		if err != nil || !(second >= last) {
			return nil, fmt.Errorf("read replica schedule: line %d: second %q, want a number not before %v", line, record[0], last)
		}
		last = second
		service := a.Service(record[1])
		if service < 0 {
			return nil, fmt.Errorf("read replica schedule: line %d: %s has no service %q", line, a.Name, record[1])
		}
		n, err := strconv.Atoi(record[2])
		if err != nil || n < 0 || n > maxReplicas {
			return nil, fmt.Errorf("read replica schedule: line %d: replicas %q, want a whole number from 0 to %d", line, record[2], maxReplicas)
		}
		f.changes = append(f.changes, change{second, service, n})
	}
}

const maxReplicas = 10_000

func (f *file) Replicas(second float64) []int {
	for len(f.changes) > 0 && f.changes[0].second <= second {
		f.replicas[f.changes[0].service] = f.changes[0].replicas
		f.changes = f.changes[1:]
	}
	return f.replicas
}
