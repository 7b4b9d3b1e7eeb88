package artifact

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
)

// Limits bound the size of a model file, and so the memory that a reader
// allocates. Zero or less means the default.
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
func (l Limits) Read(r io.Reader) (*Model, error) {
	l = l.withDefaults()
	content, err := io.ReadAll(io.LimitReader(r, l.File+1))
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return l.decode(content)
}

// ReadFile reads a model from a file, within the limits.
func (l Limits) ReadFile(path string) (*Model, error) {
	// Checked first, because opening a named pipe would wait for its other end.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read model %s: %w: it is not a regular file", path, ErrForeign)
	}
	if size, most := info.Size(), l.withDefaults().File; size > most {
		return nil, fmt.Errorf("read model %s: %w: it has %d bytes, want at most %d", path, ErrTooLarge, size, most)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	defer f.Close()
	m, err := l.Read(f)
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", path, err)
	}
	return m, nil
}

// decode returns the model in a complete file.
func (l Limits) decode(content []byte) (*Model, error) {
	raw, data, err := l.split(content)
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
	switch has, want := int64(len(data)), h.dataBytes(); {
	case has < want:
		return nil, fmt.Errorf("%w: it has %d bytes of data, want %d; copy it again", ErrTruncated, has, want)
	case has > want:
		return nil, fmt.Errorf("%w: more follows after the last tensor", ErrCorrupt)
	}
	tensors, err := h.arrange(d, data)
	if err != nil {
		return nil, err
	}
	if sum := checksum(h.document, tensors); sum != h.checksum {
		return nil, fmt.Errorf("%w: it contains %.64q, but its content gives %q; copy the file again or use an older model", ErrChecksum, h.checksum, sum)
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

// split returns the JSON text of the header and the data after it.
func (l Limits) split(content []byte) (head, data []byte, err error) {
	if size := int64(len(content)); size > l.File {
		return nil, nil, fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, l.File)
	} else if size <= alignment {
		return nil, nil, fmt.Errorf("%w: it ends within the length of the header; copy it again", ErrTruncated)
	}
	length := binary.LittleEndian.Uint64(content)
	content = content[alignment:]
	switch {
	case content[0] != '{':
		return nil, nil, fmt.Errorf("%w: it is not a safetensors file", ErrForeign)
	case length > uint64(l.Header):
		return nil, nil, fmt.Errorf("%w: its header has %d bytes, want at most %d", ErrTooLarge, length, l.Header)
	case length > uint64(len(content)):
		return nil, nil, fmt.Errorf("%w: its header has %d bytes, of which %d are there; copy it again", ErrTruncated, length, len(content))
	}
	return content[:length], content[length:], nil
}

// arrange returns the tensors in the order of the document, given the data of a
// checked header.
func (h *header) arrange(d *document, data []byte) ([]Tensor, error) {
	placed := make(map[string]tensorInfo, len(h.tensors))
	for _, p := range h.tensors {
		placed[p.name] = p.info
	}
	tensors := make([]Tensor, 0, len(h.tensors))
	for _, e := range d.Tensors {
		info, ok := placed[e.Name]
		if !ok {
			return nil, fmt.Errorf("%w: tensor %.80q of the document is missing from the header, or twice in the document", ErrCorrupt, e.Name)
		}
		if !slices.Equal(info.Shape, e.Shape) {
			return nil, fmt.Errorf("%w: tensor %.80q has shape %v in the header and %v in the document", ErrCorrupt, e.Name, info.Shape, e.Shape)
		}
		delete(placed, e.Name)
		stored := data[info.Offsets[0]:info.Offsets[1]]
		values := make([]float32, len(stored)/floatBytes)
		if _, err := binary.Decode(stored, binary.LittleEndian, values); err != nil {
			return nil, fmt.Errorf("%w: tensor %.80q: %w", ErrCorrupt, e.Name, err)
		}
		tensors = append(tensors, Tensor{Name: e.Name, Shape: info.Shape, Data: values})
	}
	for name := range placed {
		return nil, fmt.Errorf("%w: tensor %.80q of the header is missing from the document", ErrCorrupt, name)
	}
	return tensors, nil
}
