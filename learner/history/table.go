package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds what one line of a file may make us hold.
const maxLine = 1 << 20

// table reads CSV line by line without keeping anything. Unlike encoding/csv it
// does not let a quoted cell span lines: nothing that we read needs that, and a
// quote that is never closed would be the whole rest of the file.
type table struct {
	lines *bufio.Scanner
	// line is the number of the current line, from 1.
	line int
	// cells are those of the current line, without space at their ends. They
	// are overwritten by the next one.
	cells [][]byte
}

func newTable(r io.Reader) *table {
	source := &watched{Reader: r}
	t := &table{lines: bufio.NewScanner(source)}
	t.lines.Buffer(make([]byte, 64<<10), maxLine)
	t.lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if source.err != nil && !bytes.ContainsRune(data, '\n') {
			return 0, nil, source.err
		}
		return bufio.ScanLines(data, atEOF)
	})
	return t
}

// watched remembers why reading ended early: half a line must not be taken for
// a whole one, or a number for its first digits.
type watched struct {
	io.Reader

	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// next moves to the next line that is not blank. It returns [io.EOF] after the
// last one.
func (t *table) next() error {
	for t.lines.Scan() {
		t.line++
		row := t.lines.Bytes()
		if t.line == 1 {
			row = bytes.TrimPrefix(row, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(row)) > 0 {
			return t.split(row)
		}
	}
	switch err := t.lines.Err(); {
	case err == nil:
		return io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d is longer than %d bytes", t.line+1, maxLine)
	default:
		return fmt.Errorf("line %d: %w", t.line+1, err)
	}
}

// split cuts the row into cells. It unquotes in place.
func (t *table) split(row []byte) error {
	t.cells = t.cells[:0]
	for {
		if trimmed := bytes.TrimLeft(row, " \t"); len(trimmed) > 0 && trimmed[0] == '"' {
			cell, rest, err := unquote(trimmed[1:])
			if err != nil {
				return t.errorf("%w", err)
			}
			t.cells = append(t.cells, cell)
			if len(rest) == 0 {
				return nil
			}
			row = rest[1:]
			continue
		}
		end := bytes.IndexByte(row, ',')
		cell := row
		if end >= 0 {
			cell = row[:end]
		}
		cell = bytes.TrimSpace(cell)
		if bytes.IndexByte(cell, '"') >= 0 {
			return t.errorf("a quote inside the cell %q; put the whole cell in quotes and double the one inside", clip(cell))
		}
		t.cells = append(t.cells, cell)
		if end < 0 {
			return nil
		}
		row = row[end+1:]
	}
}

// unquote returns the cell whose opening quote stood before row, and what comes
// after its closing one: nothing, or a comma and more.
func unquote(row []byte) (cell, rest []byte, err error) {
	cell = row[:0]
	for {
		end := bytes.IndexByte(row, '"')
		if end < 0 {
			return nil, nil, errors.New("a quoted cell does not end on its line")
		}
		cell = append(cell, row[:end]...)
		row = row[end+1:]
		if len(row) > 0 && row[0] == '"' {
			cell = append(cell, '"')
			row = row[1:]
			continue
		}
		row = bytes.TrimLeft(row, " \t\r")
		if len(row) > 0 && row[0] != ',' {
			return nil, nil, fmt.Errorf("%q follows a quoted cell, want a comma", clip(row))
		}
		return bytes.TrimSpace(cell), row, nil
	}
}

func (t *table) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{t.line}, args...)...)
}

// clip shortens a cell for an error.
func clip(cell []byte) []byte {
	const most = 60
	if len(cell) <= most {
		return cell
	}
	return append(bytes.Clone(cell[:most]), "…"...)
}
