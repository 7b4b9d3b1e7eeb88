package history

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// jitter is the part of a step by which timestamps may miss the grid.
const jitter = 0.1

// grid assigns timestamps to steps.
type grid struct {
	stepOf []int
	step   int64
	steps  int
}

// snap moves jittering instants onto a grid, because exports contain the times of
// scrapes, which are some milliseconds off. The step is the mean distance in whole
// seconds, or milliseconds below one, and the grid starts where most timestamps
// are nearest. If a timestamp is more than a tenth of a step away there is no
// grid, and advice contains the deviation.
func (l *seriesReader) snap(order []int) (g grid, ok bool, advice string) {
	distances := make([]int64, 0, len(order)-1)
	for k, i := range order[1:] {
		distances = append(distances, l.instants[i]-l.instants[order[k]])
	}
	slices.Sort(distances)
	median := distances[len(distances)/2]
	// Jitter does not affect the mean distance if gaps count as several steps.
	var total, count int64
	for _, d := range distances {
		if median > 0 {
			total += d
			count += rounded(d, median) / median
		}
	}
	unit := int64(time.Second)
	if median < unit {
		unit = int64(time.Millisecond)
	}
	g.step = rounded(total/max(count, 1), unit)
	if g.step <= 0 {
		return g, false, fmt.Sprintf("the median distance is %v", time.Duration(median))
	}

	first := l.instants[order[0]]
	offsets := make([]int64, len(order))
	for k, i := range order {
		d := l.instants[i] - first
		offsets[k] = d - rounded(d, g.step)
	}
	slices.Sort(offsets)
	start := first + offsets[len(offsets)/2]
	// If both fit, the grid of the adapter is taken.
	if onEpoch := rounded(start, g.step); float64(abs(onEpoch-start)) <= jitter*float64(g.step) {
		start = onEpoch
	}

	g.stepOf = make([]int, len(order))
	var largest int64
	base := rounded(first-start, g.step)
	for i, at := range l.instants {
		nearest := rounded(at-start, g.step)
		largest = max(largest, abs(at-start-nearest))
		index := (nearest - base) / g.step
		if index < 0 || index > MaxCells {
			return g, false, fmt.Sprintf("the median distance is %v", time.Duration(median))
		}
		g.stepOf[i] = int(index)
		g.steps = max(g.steps, int(index)+1)
	}
	if float64(largest) > jitter*float64(g.step) {
		return g, false, fmt.Sprintf("the median distance is %v, and the largest deviation from a grid of %v is %v: round the timestamps to a multiple of %v",
			time.Duration(median), time.Duration(g.step), time.Duration(largest), time.Duration(g.step))
	}
	for i := range l.instants {
		l.instants[i] = start + base + int64(g.stepOf[i])*g.step
	}
	l.note("timestamps miss a grid of %v by up to %v and are moved onto it", time.Duration(g.step), time.Duration(largest))
	return g, true, ""
}

// rounded returns the multiple of unit that is nearest to n.
func rounded(n, unit int64) int64 {
	if unit <= 0 {
		return 0
	}
	return int64(math.Round(float64(n%unit)/float64(unit)))*unit + n - n%unit
}

func abs(n int64) int64 { return max(n, -n) }
