package history

import (
	"fmt"
	"slices"
	"time"
)

// steps finds the step. It returns the index of the step of every instant, the
// step, and the number of steps.
func (l *seriesReader) steps() (stepOf []int, step int64, steps int, err error) {
	order := make([]int, len(l.instants))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if l.instants[a] < l.instants[b] {
			return -1
		}
		return 1
	})
	step = l.commonStep(order)
	stepOf = make([]int, len(order))
	for k, i := range order[1:] {
		before := order[k]
		d := l.instants[i] - l.instants[before]
		if d <= 0 || d%step != 0 {
			snapped, ok, advice := l.snap(order)
			if ok {
				return snapped.stepOf, snapped.step, snapped.steps, nil
			}
			return nil, 0, 0, fmt.Errorf("line %d: timestamp %s is %v after the previous one, the step is %v; %s", l.lines[i],
				time.Unix(0, l.instants[i]).UTC().Format(time.RFC3339Nano), time.Duration(d), time.Duration(step), advice)
		}
		// An overflow means far more steps than MaxCells.
		stepOf[i] = stepOf[before] + int(min(d/step, MaxCells+1))
		if stepOf[i] > MaxCells {
			return nil, 0, 0, fmt.Errorf("line %d: timestamp %s is %v after the previous one; at a step of %v that is too far apart for one series",
				l.lines[i], time.Unix(0, l.instants[i]).UTC().Format(time.RFC3339Nano), time.Duration(d), time.Duration(step))
		}
	}
	return stepOf, step, stepOf[order[len(order)-1]] + 1, nil
}

// commonStep returns the smallest difference shared by at least a tenth of all
// neighbours, so that neither a gap nor a stray timestamp counts as the step.
// If none is that common, it returns the most frequent one.
func (l *seriesReader) commonStep(order []int) int64 {
	count := map[int64]int{}
	for k, i := range order[1:] {
		count[l.instants[i]-l.instants[order[k]]]++
	}
	var step, frequent int64
	for d, n := range count {
		if 10*n >= len(order)-1 && (step == 0 || d < step) {
			step = d
		}
		if frequent == 0 || n > count[frequent] || n == count[frequent] && d < frequent {
			frequent = d
		}
	}
	if step == 0 {
		return frequent
	}
	return step
}

func (l *seriesReader) checkSize(steps int) error {
	width := len(l.names) * len(l.features)
	limit := min(MaxCells, freeCells+maxSparsity*len(l.values))
	if steps <= limit/width {
		return nil
	}
	first, last := slices.Min(l.instants), slices.Max(l.instants)
	return fmt.Errorf("%d steps (%s to %s) of %d services and %d features are more than %d values, of which the file holds %d; is a timestamp wrong (line %d has the last)",
		steps, time.Unix(0, first).UTC().Format(time.RFC3339), time.Unix(0, last).UTC().Format(time.RFC3339),
		len(l.names), len(l.features), limit, len(l.values), l.lines[slices.Index(l.instants, last)])
}
