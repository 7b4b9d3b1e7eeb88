package record

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// journalVersion changes when the form of journals does.
const journalVersion = 1

// header begins a journal: one line of JSON.
type header struct {
	Version int `json:"deepscalerRecording"`
	// Flags are what the rows depend on, by flag, as they were given. A
	// recording goes on only under the same ones.
	Flags map[string]string `json:"flags"`
	// What the flags meant at the time.
	Services []string  `json:"services"`
	First    time.Time `json:"first"`
	Steps    int       `json:"steps"`
}

// chunk precedes its rows: one line of JSON.
type chunk struct {
	// Steps is the number of steps in the rows.
	Steps int `json:"steps"`
	// Present are the numbers of values that are not missing, N·C of them.
	Present []int `json:"present"`
	// Calls is the invocation graph during the chunk.
	Calls []estimator.Call `json:"calls,omitempty"`
	// Bytes and Sum are the length and the CRC-32 of the rows.
	Bytes int64  `json:"bytes"`
	Sum   uint32 `json:"crc32"`
}

// journal is an unfinished recording: a header, then chunks, each with its rows
// as CSV. A chunk that was not written to its end does not count.
type journal struct {
	file *os.File
	path string
	header
	// chunks are those that are complete.
	chunks []chunk
}

// span returns the range that is recorded.
func (h header) span() span { return span{first: h.First, steps: h.Steps} }

// done returns the number of steps recorded.
func (j *journal) done() int {
	n := 0
	for _, c := range j.chunks {
		n += c.Steps
	}
	return n
}

// openJournal opens and locks the journal at path. The header is zero when it
// was not there.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, path: path}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is in use by another recording: %w", path, err)
	}
	if err := j.restore(); err != nil {
		f.Close()
		return nil, err
	}
	return j, nil
}

// restore reads what is there and cuts off what is not complete.
func (j *journal) restore() error {
	r := bufio.NewReaderSize(j.file, 64<<10)
	line, err := r.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) == 0 {
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := decodeStrict(line, &j.header); err != nil || j.Version != journalVersion {
		return fmt.Errorf("%s does not begin like an interrupted recording: if it may go, begin anew with --restart", j.path)
	}
	size := int64(len(line))
	for {
		line, c, err := nextChunk(r, io.Discard)
		if err != nil {
			break // torn, or the end
		}
		size += line + c.Bytes
		j.chunks = append(j.chunks, c)
	}
	if err := j.file.Truncate(size); err != nil {
		return err
	}
	_, err = j.file.Seek(size, io.SeekStart)
	return err
}

// check reports a journal that fits neither itself nor the number of features.
func (j *journal) check(features int) error {
	fits := len(j.Services) > 0 && j.Steps > 0 && j.done() <= j.Steps
	for _, c := range j.chunks {
		fits = fits && c.Steps > 0 && len(c.Present) == len(j.Services)*features
	}
	if !fits {
		return fmt.Errorf("%s does not fit together: begin anew with --restart", j.path)
	}
	return nil
}

// nextChunk copies the rows of the next chunk to w and returns the length of the
// line before them.
func nextChunk(r *bufio.Reader, w io.Writer) (line int64, c chunk, err error) {
	text, err := r.ReadBytes('\n')
	if err != nil {
		return 0, c, err
	}
	if err := decodeStrict(text, &c); err != nil {
		return 0, c, err
	}
	if c.Bytes < 0 {
		return 0, c, errors.New("rows of negative length")
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(io.MultiWriter(w, sum), r, c.Bytes); err != nil {
		return 0, c, err
	}
	if sum.Sum32() != c.Sum {
		return 0, c, errors.New("rows are damaged")
	}
	return int64(len(text)), c, nil
}

// decodeStrict decodes a line that holds one JSON value and ends.
func decodeStrict(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) || !bytes.HasSuffix(line, []byte("\n")) {
		return errors.New("not one line of JSON")
	}
	return nil
}

// begin writes the header of a new journal.
func (j *journal) begin(h header) error {
	h.Version = journalVersion
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	j.header = h
	if err := j.write(append(line, '\n')); err != nil {
		return err
	}
	return syncFolder(j.path)
}

// add appends a chunk. When it returns, the chunk survives a crash.
func (j *journal) add(c chunk, rows []byte) error {
	c.Bytes = int64(len(rows))
	c.Sum = crc32.ChecksumIEEE(rows)
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := j.write(append(append(line, '\n'), rows...)); err != nil {
		return err
	}
	j.chunks = append(j.chunks, c)
	return nil
}

func (j *journal) write(data []byte) error {
	if _, err := j.file.Write(data); err != nil {
		return err
	}
	return j.file.Sync()
}

// rows writes the rows of all chunks to w.
func (j *journal) rows(ctx context.Context, w io.Writer) error {
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(j.file, 64<<10)
	if _, err := r.ReadBytes('\n'); err != nil {
		return err
	}
	for range j.chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, _, err := nextChunk(r, w); err != nil {
			return fmt.Errorf("%s: %w", j.path, err)
		}
	}
	return nil
}

func (j *journal) close() { j.file.Close() }

// discard removes the journal at path, if there is one that nobody uses.
func discard(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := lock(f); err != nil {
		return fmt.Errorf("%s is in use by another recording: %w", path, err)
	}
	return os.Remove(path)
}

// syncFolder makes the names of new files survive a crash.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// differences says in which flags a journal was begun otherwise.
func differences(then, now map[string]string) string {
	var out []string
	for _, name := range flagNames {
		if then[name] != now[name] {
			out = append(out, fmt.Sprintf("%s was %s, is %s", name, clip(then[name]), clip(now[name])))
		}
	}
	return strings.Join(out, "; ")
}

func clip(text string) string {
	const most = 80
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf("%q", text)
}
