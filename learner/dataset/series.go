package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Series is the recorded telemetry of N services: C features at every one of T
// regular steps.
type Series struct {
	// Services are the names of the services, sorted.
	Services []string
	// Features are the names of the features, in the order of the channels.
	Features []string
	// Start is the time of the first step.
	Start time.Time
	// Step is the time between two steps.
	Step time.Duration
	// Values holds T·N·C numbers, row-major in (step, service, feature). NaN
	// marks a missing one; no other non-finite value occurs.
	Values []float64
}

// Range is the steps from From up to, but without, To.
type Range struct{ From, To int }

// Len returns the number of steps in the range.
func (r Range) Len() int { return r.To - r.From }

// NewSeries returns a series in which every value is missing. The services are
// sorted names.
func NewSeries(services, features []string, start time.Time, step time.Duration, steps int) *Series {
	s := &Series{
		Services: services,
		Features: features,
		Start:    start,
		Step:     step,
		Values:   make([]float64, steps*len(services)*len(features)),
	}
	for i := range s.Values {
		s.Values[i] = math.NaN()
	}
	return s
}

// Steps returns T, the number of steps.
func (s *Series) Steps() int {
	if width := len(s.Services) * len(s.Features); width > 0 {
		return len(s.Values) / width
	}
	return 0
}

// At returns the value of feature c of service n at step t; NaN when missing.
func (s *Series) At(t, n, c int) float64 { return s.Values[s.offset(t, n, c)] }

// Set stores the value of feature c of service n at step t.
func (s *Series) Set(t, n, c int, v float64) { s.Values[s.offset(t, n, c)] = v }

// Row returns the C features of service n at step t. It shares memory with the
// series.
func (s *Series) Row(t, n int) []float64 {
	from := s.offset(t, n, 0)
	return s.Values[from : from+len(s.Features)]
}

// Time returns the time of step t.
func (s *Series) Time(t int) time.Time { return s.Start.Add(time.Duration(t) * s.Step) }

// Service returns the index of the service, or -1 when the series lacks it.
func (s *Series) Service(name string) int {
	if i, ok := slices.BinarySearch(s.Services, name); ok {
		return i
	}
	return -1
}

// Feature returns the index of the feature, or -1 when the series lacks it.
func (s *Series) Feature(name string) int { return slices.Index(s.Features, name) }

// Slice returns the steps in r as a series of their own. It shares memory with
// s.
func (s *Series) Slice(r Range) *Series {
	width := len(s.Services) * len(s.Features)
	part := *s
	part.Start = s.Time(r.From)
	part.Values = s.Values[r.From*width : r.To*width : r.To*width]
	return &part
}

// Select returns the series with the named features only, in the order given.
// It is s itself when these are its features already. A feature that s lacks is
// an error.
func (s *Series) Select(features []string) (*Series, error) {
	if slices.Equal(features, s.Features) {
		return s, nil
	}
	columns := make([]int, len(features))
	for i, f := range features {
		c, err := s.column(f)
		if err != nil {
			return nil, err
		}
		if slices.Contains(features[:i], f) {
			return nil, fmt.Errorf("feature %q is asked for twice", f)
		}
		columns[i] = c
	}
	out := &Series{
		Services: s.Services,
		Features: slices.Clone(features),
		Start:    s.Start,
		Step:     s.Step,
		Values:   make([]float64, 0, len(s.Values)/len(s.Features)*len(features)),
	}
	for row := range slices.Chunk(s.Values, len(s.Features)) {
		for _, c := range columns {
			out.Values = append(out.Values, row[c])
		}
	}
	return out, nil
}

// Validate reports a series whose parts do not fit together.
func (s *Series) Validate() error {
	width := len(s.Services) * len(s.Features)
	switch {
	case len(s.Services) == 0:
		return fmt.Errorf("series has no services")
	case len(s.Features) == 0:
		return fmt.Errorf("series has no features")
	case s.Step <= 0:
		return fmt.Errorf("series has step %v, want a positive one", s.Step)
	case len(s.Values) == 0 || len(s.Values)%width != 0:
		return fmt.Errorf("series of %d services and %d features has %d values, want a multiple of %d",
			len(s.Services), len(s.Features), len(s.Values), width)
	}
	for i, name := range s.Services {
		if err := checkName("service", name); err != nil {
			return err
		}
		if i > 0 && s.Services[i-1] >= name {
			return fmt.Errorf("services %q and %q are not sorted or occur twice", s.Services[i-1], name)
		}
	}
	for i, name := range s.Features {
		if err := checkName("feature", name); err != nil {
			return err
		}
		if slices.Contains(s.Features[:i], name) {
			return fmt.Errorf("feature %q occurs twice", name)
		}
	}
	for i, v := range s.Values {
		if math.IsInf(v, 0) {
			return fmt.Errorf("value of %s of service %q at step %d is %v; a missing value is NaN",
				s.Features[i%len(s.Features)], s.Services[i/len(s.Features)%len(s.Services)], i/width, v)
		}
	}
	return nil
}

func (s *Series) offset(t, n, c int) int {
	return (t*len(s.Services)+n)*len(s.Features) + c
}

// column is [Series.Feature] with an error that names what there is.
func (s *Series) column(name string) (int, error) {
	if c := s.Feature(name); c >= 0 {
		return c, nil
	}
	return 0, fmt.Errorf("the series has no feature %q; its features are %s", name, strings.Join(s.Features, ", "))
}

// maxName is the longest name of a service or feature, in bytes: that of a
// Kubernetes namespace and name, a slash between, and room.
const maxName = 512

// checkName holds the names to what a line of CSV keeps as it is.
func checkName(kind, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a %s has an empty name", kind)
	case len(name) > maxName:
		return fmt.Errorf("the name of a %s has %d bytes, want at most %d", kind, len(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("the name %q of a %s is not printable text", name, kind)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("the name %q of a %s has a space at an end", name, kind)
	}
	return nil
}
