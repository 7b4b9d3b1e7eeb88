package artifact

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Limits bound the size of a model file, and so what it may make a reader
// allocate. Zero or less means the default.
type Limits struct {
	// Header is the largest header in bytes, by default 16 MiB. Decoding it may take
	// several times as much memory.
	Header int64
	// File is the largest file in bytes, by default 1 GiB.
	File int64
}

func (l Limits) withDefaults() Limits {
	l.Header = cmp.Or(max(l.Header, 0), 16<<20)
	l.File = cmp.Or(max(l.File, 0), 1<<30)
	l.Header = min(l.Header, l.File)
	return l
}

// Read reads a model to the end of r, within the default [Limits]. It returns a
// valid model or an error that wraps one of this package's.
func Read(r io.Reader) (*Model, error) { return Limits{}.Read(r) }

// ReadFile reads a model from a file, within the default [Limits].
func ReadFile(path string) (*Model, error) { return Limits{}.ReadFile(path) }

// Read reads a model to the end of r, within the limits.
func (l Limits) Read(r io.Reader) (*Model, error) { return l.read(r, unknownSize) }

// ReadFile reads a model from a file, within the limits.
func (l Limits) ReadFile(path string) (*Model, error) {
	// Before opening: opening a named pipe would wait for its other end.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read model %s: %w: it is no regular file", path, ErrForeign)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	defer f.Close()
	// Again: the path may hold a newer model by now.
	if info, err = f.Stat(); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	m, err := l.read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", path, err)
	}
	return m, nil
}

// unknownSize stands for the size of a stream.
const unknownSize = -1

func (l Limits) read(r io.Reader, size int64) (*Model, error) {
	l = l.withDefaults()
	if size > l.File {
		return nil, fmt.Errorf("%w: it has %d bytes, want at most %d", ErrTooLarge, size, l.File)
	}
	buffered := bufio.NewReader(r)
	raw, err := l.readHeader(buffered, size)
	if err != nil {
		return nil, err
	}
	h, err := decodeHeader(raw)
	if err != nil {
		return nil, err
	}
	d, err := decodeDocument(h.document)
	if err != nil {
		return nil, err
	}
	start := int64(alignment + len(raw))
	if data := h.dataBytes(); data > l.File-start {
		return nil, fmt.Errorf("%w: it has %d bytes of data, want at most %d", ErrTooLarge, data, l.File-start)
	} else if size != unknownSize && data > size-start {
		return nil, fmt.Errorf("%w: it has %d bytes, want %d", ErrTruncated, size, start+data)
	}
	tensors, err := outline(d, h)
	if err != nil {
		return nil, err
	}
	data, err := readData(buffered, h, size != unknownSize)
	if err != nil {
		return nil, err
	}
	for i := range tensors {
		tensors[i].Data = data[tensors[i].Name]
	}
	if sum := checksum(h.document, tensors); sum != h.checksum {
		return nil, fmt.Errorf("%w: it says %.64q, its content gives %q; copy the file again or use an older model", ErrChecksum, h.checksum, sum)
	}
	m, err := d.model(tensors)
	if err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m, nil
}

// readHeader reads the length and the JSON text of the header.
func (l Limits) readHeader(r *bufio.Reader, size int64) ([]byte, error) {
	prefix, err := r.Peek(alignment + 1)
	if err != nil {
		return nil, readError(err, "the length of the header")
	}
	length := binary.LittleEndian.Uint64(prefix)
	switch {
	case prefix[alignment] != '{':
		return nil, fmt.Errorf("%w: it is no safetensors file", ErrForeign)
	case length > uint64(l.Header):
		return nil, fmt.Errorf("%w: its header has %d bytes, want at most %d", ErrTooLarge, length, l.Header)
	case size != unknownSize && int64(length) > size-alignment:
		return nil, fmt.Errorf("%w: it has %d bytes, and its header alone %d", ErrTruncated, size, length)
	}
	if _, err := r.Discard(alignment); err != nil {
		return nil, readError(err, "the header")
	}
	raw, err := io.ReadAll(io.LimitReader(r, int64(length)))
	if err != nil {
		return nil, readError(err, "the header")
	}
	if uint64(len(raw)) < length {
		return nil, readError(io.ErrUnexpectedEOF, "the header")
	}
	return raw, nil
}

// outline returns the tensors in the order of the document, still without
// their data.
func outline(d *document, h *header) ([]Tensor, error) {
	shapes := make(map[string][]int, len(h.tensors))
	for _, p := range h.tensors {
		shapes[p.name] = p.info.Shape
	}
	tensors := make([]Tensor, 0, len(h.tensors))
	for _, e := range d.Tensors {
		shape, ok := shapes[e.Name]
		if !ok {
			return nil, fmt.Errorf("%w: tensor %.80q of the document is missing from the header, or twice in the document", ErrCorrupt, e.Name)
		}
		if !slices.Equal(shape, e.Shape) {
			return nil, fmt.Errorf("%w: tensor %.80q has shape %v in the header and %v in the document", ErrCorrupt, e.Name, shape, e.Shape)
		}
		delete(shapes, e.Name)
		tensors = append(tensors, Tensor{Name: e.Name, Shape: shape})
	}
	for name := range shapes {
		return nil, fmt.Errorf("%w: tensor %.80q of the header is missing from the document", ErrCorrupt, name)
	}
	return tensors, nil
}

// readData reads all tensors, by name, to the end of the file.
func readData(r *bufio.Reader, h *header, known bool) (map[string][]float32, error) {
	data := make(map[string][]float32, len(h.tensors))
	for _, p := range h.tensors {
		values, err := readFloats(r, p.elements(), known)
		if err != nil {
			return nil, readError(err, fmt.Sprintf("tensor %.80q", p.name))
		}
		data[p.name] = values
	}
	switch _, err := r.ReadByte(); {
	case err == nil:
		return nil, fmt.Errorf("%w: more follows after the last tensor", ErrCorrupt)
	case !errors.Is(err, io.EOF):
		return nil, readError(err, "the end")
	}
	return data, nil
}

// readError tells a file that ends from a file that cannot be read.
func readError(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends within %s; copy it again", ErrTruncated, what)
	}
	return fmt.Errorf("read %s: %w", what, err)
}
