package history

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// cells reads CSV record by record and tracks its position.
type cells struct {
	in *csv.Reader
	// encoding is the error about the encoding of the file, if any.
	encoding error
	// row is the current record, its cells trimmed. The next record overwrites
	// it.
	row []string
}

func newCells(r io.Reader) *cells {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		_, _ = in.Discard(len(mark)) // they are buffered
	}
	c := &cells{in: csv.NewReader(in)}
	if mark, _ := in.Peek(2); string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
		c.encoding = errors.New("the file is in UTF-16, want UTF-8: save it so, or convert it with iconv")
	}
	c.in.FieldsPerRecord, c.in.ReuseRecord, c.in.TrimLeadingSpace = -1, true, true
	return c
}

// next moves to the next record. It returns [io.EOF] after the last one.
func (c *cells) next() (err error) {
	if c.encoding != nil {
		return c.encoding
	}
	if c.row, err = c.in.Read(); err != nil {
		return err
	}
	for i, cell := range c.row {
		c.row[i] = strings.TrimSpace(cell)
	}
	return nil
}

// header moves to the first record. An empty file is an error that names the
// wanted header.
func (c *cells) header(want string) error {
	err := c.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the file is empty, want the header %s", want)
	}
	return err
}

// line returns the number of the record's first line, from 1.
func (c *cells) line() int {
	line, _ := c.in.FieldPos(0)
	return line
}

// at returns an error about cell i of the record.
func (c *cells) at(i int, format string, args ...any) error {
	line, column := c.in.FieldPos(i)
	return fmt.Errorf("line %d, column %d: "+format, append([]any{line, column}, args...)...)
}

// clip shortens a cell for an error.
func clip(cell string) string {
	const most = 60
	if len(cell) <= most {
		return cell
	}
	return strings.ToValidUTF8(cell[:most], "") + "…"
}

// Within these bounds the difference of any two timestamps fits into an int64
// of nanoseconds.
const maxSeconds = 1<<62/1_000_000_000 - 1

// pandas is the layout in which pandas writes times with a zone.
const pandas = "2006-01-02 15:04:05Z07:00"

var errTimestamp = errors.New("want RFC 3339 such as 2026-01-31T12:00:00Z, or Unix seconds, from 1824 to 2116")

// parseTimestamp returns nanoseconds since 1970. It rounds a fraction of Unix
// seconds to microseconds.
func parseTimestamp(cell string) (int64, error) {
	if seconds, err := strconv.ParseInt(cell, 10, 64); err == nil && seconds >= -maxSeconds && seconds <= maxSeconds {
		return seconds * int64(time.Second), nil
	}
	if seconds, err := strconv.ParseFloat(cell, 64); err == nil && seconds >= -maxSeconds && seconds <= maxSeconds {
		return int64(math.Round(seconds*1e6)) * int64(time.Microsecond), nil
	}
	for _, layout := range []string{time.RFC3339, pandas} {
		if at, err := time.Parse(layout, cell); err == nil && at.Unix() >= -maxSeconds && at.Unix() <= maxSeconds {
			return at.UnixNano(), nil
		}
	}
	switch n, err := strconv.ParseFloat(cell, 64); {
	case err == nil && n > 0 && n <= 1e3*maxSeconds:
		return 0, fmt.Errorf("%w; is it in milliseconds?", errTimestamp)
	case err == nil && n > 0:
		return 0, fmt.Errorf("%w; is it in micro- or nanoseconds?", errTimestamp)
	}
	if _, err := time.Parse(time.DateTime, cell); err == nil {
		return 0, fmt.Errorf("%w; this one lacks its time zone, such as +00:00", errTimestamp)
	}
	return 0, errTimestamp
}

// formatTimestamp returns Unix seconds, or RFC 3339 if there is a fraction.
func formatTimestamp(at time.Time) string {
	if at.Nanosecond() == 0 {
		return strconv.FormatInt(at.Unix(), 10)
	}
	return at.UTC().Format(time.RFC3339Nano)
}
