package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// span is a range of steps.
type span struct {
	// first is the time of the first step. Every value describes the step that
	// ends at its time, so it lies one step after the start of the range.
	first time.Time
	steps int
}

// parseSpan aligns start and end to multiples of the step since the Unix epoch,
// as telemetry does.
func parseSpan(start, end string, step time.Duration, now time.Time) (span, error) {
	from, err := parseTime(start, now)
	if err != nil {
		return span{}, fmt.Errorf("--start is %q, %w", start, err)
	}
	to, err := parseTime(end, now)
	if err != nil {
		return span{}, fmt.Errorf("--end is %q, %w", end, err)
	}
	if to.After(now) {
		return span{}, fmt.Errorf("--end is %s, which lies in the future", to.Format(time.RFC3339))
	}
	ms := step.Milliseconds()
	first, last := from.UnixMilli()/ms+1, to.UnixMilli()/ms
	// A reader needs two steps to find the time between them.
	if last-first < 1 {
		return span{}, fmt.Errorf("--start %s to --end %s is less than two steps of %v",
			from.Format(time.RFC3339), to.Format(time.RFC3339), step)
	}
	return span{first: time.UnixMilli(first * ms).UTC(), steps: int(last - first + 1)}, nil
}

// parseTime reads RFC 3339, Unix seconds, now, or a negative duration of
// Prometheus, such as -1d12h, from now.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "now" {
		return now.UTC(), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.Unix() >= 0 {
		return at.UTC(), nil
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		if d, err := model.ParseDuration(ago); err == nil && now.Add(-time.Duration(d)).Unix() >= 0 {
			return now.Add(-time.Duration(d)).UTC(), nil
		}
	}
	// Larger numbers are surely milliseconds.
	const year3000 = 32503680000
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < year3000 {
		return time.UnixMilli(int64(seconds * 1000)).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("want RFC 3339 such as 2026-01-31T12:00:00Z, Unix seconds, or time before now such as -24h or -7d")
}

// last returns the time of the last step.
func (s span) last(step time.Duration) time.Time {
	return s.first.Add(time.Duration(s.steps-1) * step)
}
