package history

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
)

// Write writes the series in the form that [Read] reads, sorted by
// time and service, timestamps in Unix seconds. Every step and service has a
// row, so that reading returns the same series bit for bit, provided that it
// has the two steps which reading needs to find the time between them.
func Write(w io.Writer, s *estimator.Window) error {
	if err := Validate(s); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	line := []byte(timestampColumn + "," + serviceColumn)
	for _, f := range s.Features {
		line = append(append(line, ','), quote(string(f))...)
	}
	names := make([]string, len(s.Services))
	for n, name := range s.Services {
		names[n] = "," + quote(name.String())
	}
	_, err := out.Write(append(line, '\n'))
	var at []byte
	for t := 0; t < s.Steps && err == nil; t++ {
		at = appendTimestamp(at[:0], s.Time(t))
		for n, name := range names {
			line = append(append(line[:0], at...), name...)
			for _, v := range s.Row(n, t) {
				line = append(line, ',')
				if !math.IsNaN(v) {
					line = strconv.AppendFloat(line, v, 'g', -1, 64)
				}
			}
			_, err = out.Write(append(line, '\n'))
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	return nil
}

// quote returns a name as a CSV cell.
func quote(name string) string {
	if !strings.ContainsAny(name, `,"`) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
