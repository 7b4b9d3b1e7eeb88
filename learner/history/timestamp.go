package history

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"time"
)

// In these bounds the difference of any two timestamps is an int64 of
// nanoseconds.
const (
	maxSeconds = math.MaxInt64/2/int64(time.Second) - 1
	minSeconds = -maxSeconds
)

var errTimestamp = errors.New("want RFC 3339 such as 2026-01-31T12:00:00Z, or Unix seconds, from 1824 to 2116")

// parseTimestamp returns nanoseconds since 1970. A fraction of a second counts
// to the nanosecond in decimal notation, and to the microsecond in exponential
// one, which comes out of a float64.
func parseTimestamp(cell []byte) (int64, error) {
	if ns, ok := parseDecimal(cell); ok {
		return ns, nil
	}
	if len(cell) > 10 && (cell[10] == 'T' || cell[10] == 't') {
		at, err := time.Parse(time.RFC3339, string(cell))
		if err != nil || at.Unix() < minSeconds || at.Unix() > maxSeconds {
			return 0, errTimestamp
		}
		return at.UnixNano(), nil
	}
	v, err := strconv.ParseFloat(string(cell), 64)
	if err != nil || !(math.Abs(v) <= float64(maxSeconds)) || !bytes.ContainsAny(cell, "eE") {
		return 0, errTimestamp
	}
	return time.UnixMicro(int64(math.Round(v * 1e6))).UnixNano(), nil
}

// parseDecimal reads [-]digits[.digits] without rounding.
func parseDecimal(cell []byte) (ns int64, ok bool) {
	negative := len(cell) > 0 && cell[0] == '-'
	if negative {
		cell = cell[1:]
	}
	whole, fraction, _ := bytes.Cut(cell, []byte{'.'})
	seconds, ok := parseDigits(whole)
	if !ok || seconds > maxSeconds {
		return 0, false
	}
	if len(fraction) > 9 {
		if _, ok := parseDigits(fraction[9:min(len(fraction), 24)]); !ok || len(fraction) > 24 {
			return 0, false
		}
		fraction = fraction[:9]
	}
	if len(fraction) > 0 {
		if ns, ok = parseDigits(fraction); !ok {
			return 0, false
		}
		for range 9 - len(fraction) {
			ns *= 10
		}
	}
	ns += seconds * int64(time.Second)
	if negative {
		ns = -ns
	}
	return ns, true
}

func parseDigits(cell []byte) (v int64, ok bool) {
	if len(cell) == 0 || len(cell) > 18 {
		return 0, false
	}
	for _, d := range cell {
		if d < '0' || d > '9' {
			return 0, false
		}
		v = 10*v + int64(d-'0')
	}
	return v, true
}

// appendTimestamp appends at as decimal Unix seconds without rounding.
func appendTimestamp(out []byte, at time.Time) []byte {
	ns := at.UnixNano()
	if ns < 0 {
		out = append(out, '-')
		ns = -ns
	}
	out = strconv.AppendInt(out, ns/int64(time.Second), 10)
	if ns %= int64(time.Second); ns > 0 {
		fraction := strconv.AppendInt(nil, int64(time.Second)+ns, 10)
		out = append(out, '.')
		out = append(out, bytes.TrimRight(fraction[1:], "0")...)
	}
	return out
}
