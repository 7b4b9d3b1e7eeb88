package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// journal is the file of finished runs, a line of JSON each.
type journal struct {
	file *os.File // nil keeps nothing
	runs results
}

// openJournal reads the file and makes it ready for more; an empty path is one
// that nothing is kept in. A last line without its end is that of a program
// that was killed while it wrote, and is cut off.
func openJournal(path string) (*journal, error) {
	j := &journal{runs: results{}}
	if path == "" {
		return j, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	if err := j.read(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	j.file = f
	return j, nil
}

func (j *journal) read(f *os.File) error {
	text, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole == 0 && len(text) > 0 && text[0] != '{' {
		return errors.New("this is no file of finished runs: give another one with --json")
	}
	for n, line := range bytes.Split(text[:whole], []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("line %d is no finished run: %w; remove it, or give another file with --json", n+1, err)
		}
		if r.Key == "" || r.Report == nil || r.Report.Test == nil {
			return fmt.Errorf("line %d is no finished run: remove it, or give another file with --json", n+1)
		}
		j.runs[r.Key] = r
	}
	return f.Truncate(int64(whole))
}

// add keeps a run.
func (j *journal) add(r record) error {
	j.runs[r.Key] = r
	if j.file == nil {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) close() {
	if j.file != nil {
		j.file.Close()
	}
}
