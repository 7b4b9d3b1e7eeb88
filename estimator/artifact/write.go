package artifact

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Write writes m in the format of the package documentation. It writes nothing
// if m is invalid, or larger than [Read] accepts by default.
func Write(w io.Writer, m *Model) error { return Limits{}.Write(w, m) }

// Write writes m, unless a reader with the same limits would refuse it.
func (l Limits) Write(w io.Writer, m *Model) error {
	l = l.withDefaults()
	if err := m.Validate(); err != nil {
		return err
	}
	encoded, err := encodeDocument(m)
	if err != nil {
		return err
	}
	tensors := m.stored()
	head, err := encodeHeader(encoded, tensors)
	if err != nil {
		return err
	}
	size := int64(alignment + len(head))
	for _, t := range tensors {
		size += int64(len(t.Data)) * floatBytes
	}
	if int64(len(head)) > l.Header || size > l.File {
		return fmt.Errorf("%w: it would have %d bytes, %d of them header, want at most %d and %d",
			ErrTooLarge, size, len(head), l.File, l.Header)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	for _, t := range tensors {
		if err := binary.Write(w, binary.LittleEndian, t.Data); err != nil {
			return fmt.Errorf("write model: %w", err)
		}
	}
	return nil
}
