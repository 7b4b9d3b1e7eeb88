package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

const (
	// MaxCells is the greatest steps × services × features of a series that is
	// read: 1 GiB of values, or three months of 40 services with five features
	// every 30 s twice over.
	MaxCells = 1 << 27
	// MaxFeatures is the greatest number of features of a series that is read.
	MaxFeatures = 1024
)

// A series may have this many cells for every one in the file, and some more.
// Two timestamps that are years apart would otherwise make a file of two lines
// a gigabyte of nothing.
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
// a row that is not there is one whose values are all missing. Rows may come in
// any order, typically by time or by service.
//
// The step is the smallest difference between neighbouring timestamps that
// accounts for at least a tenth of them, so at least two timestamps are needed.
// Every other difference must be a multiple of it; the steps in between are
// missing.
//
// Errors name the line. A series may not have more than [MaxCells] values nor
// be almost empty, whatever its timestamps say.
func Read(r io.Reader) (*estimator.Window, error) {
	l := seriesReader{table: newTable(r), services: map[string]int32{}, times: map[int64]int32{}}
	if err := l.readHeader(); err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	for {
		err := l.table.next()
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

// ReadFile reads a series from a file, compressed with gzip or not,
// whatever its name says.
func ReadFile(path string) (*estimator.Window, error) {
	return readFile(path, Read)
}

// seriesReader keeps the rows as they come until the step is known.
type seriesReader struct {
	table    *table
	features []estimator.Feature
	// services and times number the names and timestamps in the order in which
	// they are met; names, instants and lines are what the numbers stand for,
	// and where each timestamp was met first.
	services map[string]int32
	names    []estimator.Service
	times    map[int64]int32
	instants []int64
	lines    []int64

	rows   []seriesRow
	values []float64 // len(features) for each row

	// previous is the timestamp of the row before, which is mostly the same
	// when rows are sorted by time.
	previous      []byte
	previousIndex int32
}

type seriesRow struct {
	time, service int32
	line          int64
}

func (l *seriesReader) readHeader() error {
	if err := l.table.next(); errors.Is(err, io.EOF) {
		return errors.New("the file is empty, want the header timestamp,service and the features")
	} else if err != nil {
		return err
	}
	header := l.table.cells
	if len(header) < 3 || string(header[0]) != timestampColumn || string(header[1]) != serviceColumn {
		return l.table.errorf("the header begins with %q, want timestamp,service and at least one feature",
			clip(bytes.Join(header[:min(3, len(header))], []byte{','})))
	}
	if len(header)-2 > MaxFeatures {
		return l.table.errorf("the header names %d features, want at most %d", len(header)-2, MaxFeatures)
	}
	for _, cell := range header[2:] {
		name := string(cell)
		if err := checkName("feature", name); err != nil {
			return l.table.errorf("%w", err)
		}
		if name == timestampColumn || name == serviceColumn || slices.Contains(l.features, estimator.Feature(name)) {
			return l.table.errorf("the header names %q twice", name)
		}
		l.features = append(l.features, estimator.Feature(name))
	}
	return nil
}

func (l *seriesReader) readRow() error {
	cells := l.table.cells
	if len(cells) != len(l.features)+2 {
		return l.table.errorf("%d cells, but the header has %d", len(cells), len(l.features)+2)
	}
	if len(l.values)+len(l.features) > MaxCells {
		return l.table.errorf("more than %d values in one file", MaxCells)
	}
	at, err := l.timeIndex(cells[0])
	if err != nil {
		return err
	}
	service, ok := l.services[string(cells[1])]
	if !ok {
		name := string(cells[1])
		if err := checkName(serviceColumn, name); err != nil {
			return l.table.errorf("%w", err)
		}
		parsed, err := estimator.ParseService(name)
		if err != nil {
			return l.table.errorf("%w", err)
		}
		service = int32(len(l.names)) //nolint:gosec // no more than rows, which MaxCells bounds
		l.services[name] = service
		l.names = append(l.names, parsed)
	}
	l.rows = append(l.rows, seriesRow{time: at, service: service, line: int64(l.table.line)})
	for i, cell := range cells[2:] {
		v, err := parseValue(cell)
		if err != nil {
			return l.table.errorf("%s is %q, %w", l.features[i], clip(cell), err)
		}
		l.values = append(l.values, v)
	}
	return nil
}

func parseValue(cell []byte) (float64, error) {
	if len(cell) == 0 {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(string(cell), 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || math.IsInf(v, 0):
		return 0, errors.New("want a finite number, or nothing for a missing value")
	case err != nil:
		return 0, errors.New("want a number, or nothing for a missing value")
	}
	return v, nil
}

func (l *seriesReader) timeIndex(cell []byte) (int32, error) {
	if len(l.previous) > 0 && bytes.Equal(cell, l.previous) {
		return l.previousIndex, nil
	}
	ns, err := parseTimestamp(cell)
	if err != nil {
		return 0, l.table.errorf("timestamp is %q, %w", clip(cell), err)
	}
	index, ok := l.times[ns]
	if !ok {
		index = int32(len(l.instants)) //nolint:gosec // no more than rows, which MaxCells bounds
		l.times[ns] = index
		l.instants = append(l.instants, ns)
		l.lines = append(l.lines, int64(l.table.line))
	}
	l.previous = append(l.previous[:0], cell...)
	l.previousIndex = index
	return index, nil
}

// series puts the rows where they belong.
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
	return s, nil
}
