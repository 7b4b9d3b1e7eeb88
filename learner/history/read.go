package history

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

const (
	// MaxCells is the largest steps × services × features of a series: 1 GiB of
	// values, or six months of 40 services with five features every 30 s.
	MaxCells = 1 << 27
	// MaxFeatures is the largest number of features of a series.
	MaxFeatures = 1024
)

// A series may have this many cells for every value in the file, plus a free
// amount. Otherwise two timestamps that are years apart would turn a file of
// two lines into a gigabyte of missing values.
const (
	maxSparsity = 50
	freeCells   = 1 << 20
)

// The first two columns of a series, and of a graph.
const (
	timestampColumn = "timestamp"
	serviceColumn   = "service"
)

// Read reads the long form of a series: CSV with the header
//
//	timestamp,service,<feature>,…
//
// and any number of features of any name. A timestamp is RFC 3339 or Unix
// seconds, whole or with a fraction. An empty cell, or NaN, is a missing value;
// in a missing row all values are missing. Rows may come in any order,
// typically by time or by service.
//
// The step is the smallest difference between neighbouring timestamps that
// accounts for at least a tenth of them, so at least two timestamps are needed.
// Every other difference must be a multiple of it; the steps in between are
// missing. Timestamps that miss such a grid by up to a tenth of a step are moved
// onto it.
//
// Negative values of the features of Table I are missing.
//
// Errors name the line. A series may not have more than [MaxCells] values nor
// be almost empty, whatever its timestamps say.
//
// Each of notes is called with a sentence about every oddity that is no error,
// such as moved timestamps.
func Read(r io.Reader, notes ...func(string)) (*estimator.Window, error) {
	l := seriesReader{cells: newCells(r), services: map[string]int32{}, times: map[int64]int32{}, notes: notes}
	if err := l.readHeader(); err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	for {
		err := l.cells.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = l.readRow()
		}
		if err != nil {
			return nil, fmt.Errorf("read series: %w", err)
		}
	}
	s, err := l.series()
	if err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	return s, nil
}

// ReadFile reads a series from a file, compressed with gzip or not, whatever
// its name.
func ReadFile(path string, notes ...func(string)) (*estimator.Window, error) {
	return readFile(path, func(r io.Reader) (*estimator.Window, error) { return Read(r, notes...) })
}

// seriesReader stores the rows in the order of the file until the step is known.
type seriesReader struct {
	cells    *cells
	features []estimator.Feature
	// services and times number the names and timestamps in the order of their
	// first occurrence. names and instants are their inverses, and lines has
	// the line of each timestamp's first occurrence.
	services map[string]int32
	names    []estimator.Service
	times    map[int64]int32
	instants []int64
	lines    []int64

	notes []func(string)

	rows   []seriesRow
	values []float64 // len(features) for each row

	// previous is the timestamp of the previous row, usually the same if rows
	// are sorted by time.
	previous      string
	previousIndex int32
}

func (l *seriesReader) note(format string, args ...any) {
	for _, note := range l.notes {
		note(fmt.Sprintf(format, args...))
	}
}

type seriesRow struct {
	time, service int32
	line          int64
}

func (l *seriesReader) readHeader() error {
	if err := l.cells.header("timestamp,service and the features"); err != nil {
		return err
	}
	header := l.cells.row
	if len(header) < 3 || header[0] != timestampColumn || header[1] != serviceColumn {
		return l.cells.at(0, "the header begins with %q, want timestamp,service and at least one feature",
			clip(strings.Join(header[:min(3, len(header))], ",")))
	}
	if len(header)-2 > MaxFeatures {
		return l.cells.at(0, "the header names %d features, want at most %d", len(header)-2, MaxFeatures)
	}
	for i, name := range header[2:] {
		if err := checkName("feature", name); err != nil {
			return l.cells.at(i+2, "%w", err)
		}
		if name == timestampColumn || name == serviceColumn || slices.Contains(l.features, estimator.Feature(name)) {
			return l.cells.at(i+2, "the header names %q twice", name)
		}
		l.features = append(l.features, estimator.Feature(strings.Clone(name)))
	}
	return nil
}

func (l *seriesReader) readRow() error {
	row := l.cells.row
	if len(row) != len(l.features)+2 {
		return l.cells.at(0, "%d cells, but the header has %d", len(row), len(l.features)+2)
	}
	if len(l.values)+len(l.features) > MaxCells {
		return l.cells.at(0, "more than %d values in one file", MaxCells)
	}
	at, err := l.timeIndex(row[0])
	if err != nil {
		return err
	}
	service, err := l.serviceIndex(row[1])
	if err != nil {
		return err
	}
	l.rows = append(l.rows, seriesRow{time: at, service: service, line: int64(l.cells.line())})
	for i, cell := range row[2:] {
		v, err := parseValue(cell)
		if err != nil {
			return l.cells.at(i+2, "%s is %q, %w", l.features[i], clip(cell), err)
		}
		l.values = append(l.values, v)
	}
	return nil
}

func parseValue(cell string) (float64, error) {
	if cell == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || math.IsInf(v, 0):
		return 0, errors.New("want a finite number, or nothing for a missing value")
	case err != nil:
		return 0, errors.New("want a number, or nothing for a missing value")
	}
	return v, nil
}

func (l *seriesReader) serviceIndex(cell string) (int32, error) {
	if index, ok := l.services[cell]; ok {
		return index, nil
	}
	if err := checkName(serviceColumn, cell); err != nil {
		return 0, l.cells.at(1, "%w", err)
	}
	// A cell shares memory with its whole record.
	name := strings.Clone(cell)
	service, err := estimator.ParseService(name)
	if err != nil {
		return 0, l.cells.at(1, "%w", err)
	}
	index := int32(len(l.names)) //nolint:gosec // no more than rows, which MaxCells bounds
	l.services[name] = index
	l.names = append(l.names, service)
	return index, nil
}

func (l *seriesReader) timeIndex(cell string) (int32, error) {
	if cell != "" && cell == l.previous {
		return l.previousIndex, nil
	}
	ns, err := parseTimestamp(cell)
	if err != nil {
		return 0, l.cells.at(0, "timestamp is %q, %w", clip(cell), err)
	}
	index, ok := l.times[ns]
	if !ok {
		index = int32(len(l.instants)) //nolint:gosec // no more than rows, which MaxCells bounds
		l.times[ns] = index
		l.instants = append(l.instants, ns)
		l.lines = append(l.lines, int64(l.cells.line()))
	}
	l.previous, l.previousIndex = strings.Clone(cell), index
	return index, nil
}

// series returns the window with the values of the rows.
func (l *seriesReader) series() (*estimator.Window, error) {
	if len(l.instants) < 2 {
		return nil, fmt.Errorf("the file holds %d timestamps, want at least 2: the step is the time between them", len(l.instants))
	}
	stepOf, step, steps, err := l.steps()
	if err != nil {
		return nil, err
	}
	if err := l.checkSize(steps); err != nil {
		return nil, err
	}
	services := sortedServices(l.names)
	serviceOf := make([]int, len(l.names))
	for i, s := range l.names {
		serviceOf[i] = slices.Index(services, s)
	}
	s := estimator.NewWindow(services, l.features, steps, time.Duration(step), time.Unix(0, slices.Max(l.instants)).UTC())
	seen := make([]int64, steps*len(services))
	for i, row := range l.rows {
		t, n := stepOf[row.time], serviceOf[row.service]
		if first := seen[t*len(services)+n]; first > 0 {
			return nil, fmt.Errorf("line %d: service %q already has a row for %s, at line %d",
				row.line, services[n], s.Time(t).Format(time.RFC3339Nano), first)
		}
		seen[t*len(services)+n] = row.line
		copy(s.Row(n, t), l.values[i*len(l.features):])
	}
	l.plausible(s)
	return s, nil
}
