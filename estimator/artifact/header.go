package artifact

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// Names in a safetensors header.
const (
	metadataKey = "__metadata__"
	documentKey = "deepscaler"
	checksumKey = "deepscaler.sha256"
	dtypeFloat  = "F32"
	alignment   = 8 // of the data within the file
)

// header is the part of the file before the data.
type header struct {
	document []byte
	checksum string
	tensors  []placement // in the order of the data
}

// placement is the place of a tensor in the data.
type placement struct {
	name string
	info tensorInfo
}

type tensorInfo struct {
	DType   string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // begin and end
}

// dataBytes returns the size of the data of a checked header.
func (h *header) dataBytes() int64 {
	if len(h.tensors) == 0 {
		return 0
	}
	return h.tensors[len(h.tensors)-1].info.Offsets[1]
}

// encodeHeader lays the tensors out one after the other and pads the header.
func encodeHeader(encoded []byte, tensors []Tensor) ([]byte, error) {
	metadata := map[string]string{documentKey: string(encoded), checksumKey: checksum(encoded, tensors)}
	var b bytes.Buffer
	member := func(separator byte, name string, value any) error {
		key, err := encodeJSON(name)
		if err != nil {
			return err
		}
		v, err := encodeJSON(value)
		if err != nil {
			return err
		}
		b.WriteByte(separator)
		b.Write(key)
		b.WriteByte(':')
		b.Write(v)
		return nil
	}
	if err := member('{', metadataKey, metadata); err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	var offset int64
	for _, t := range tensors {
		end := offset + int64(len(t.Data))*floatBytes
		info := tensorInfo{DType: dtypeFloat, Shape: append([]int{}, t.Shape...), Offsets: []int64{offset, end}}
		if err := member(',', t.Name, info); err != nil {
			return nil, fmt.Errorf("encode header: %w", err)
		}
		offset = end
	}
	b.WriteByte('}')
	for b.Len()%alignment != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

// decodeHeader parses the JSON and refuses safetensors files of other projects.
func decodeHeader(raw []byte) (*header, error) {
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: header is not UTF-8", ErrCorrupt)
	}
	var h header
	ours := false
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := eachMember(decoder, func(name string) error {
		if name == metadataKey {
			return eachMember(decoder, func(key string) error {
				var value string
				if err := decoder.Decode(&value); err != nil {
					return err
				}
				switch key {
				case documentKey:
					h.document, ours = []byte(value), true
				case checksumKey:
					h.checksum = value
				}
				return nil
			})
		}
		if len(h.tensors) == maxTensors {
			return fmt.Errorf("there are more than %d tensors", maxTensors)
		}
		p := placement{name: name}
		err := decoder.Decode(&p.info)
		h.tensors = append(h.tensors, p)
		return err
	})
	if err == nil {
		if _, end := decoder.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("more follows after its end")
		}
	}
	switch {
	case !ours && (err == nil || len(h.tensors) == maxTensors):
		return nil, fmt.Errorf("%w: its metadata has no %q", ErrForeign, documentKey)
	case err != nil:
		return nil, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	return &h, h.place()
}

// place puts the tensors in the order of the data and checks that they cover
// it without gaps and overlaps.
func (h *header) place() error {
	for _, p := range h.tensors {
		if p.info.DType != dtypeFloat {
			return fmt.Errorf("%w: tensor %.80q has dtype %.20q, want %q", ErrCorrupt, p.name, p.info.DType, dtypeFloat)
		}
		if p.info.Shape == nil || len(p.info.Offsets) != 2 {
			return fmt.Errorf("%w: tensor %.80q lacks a shape or a pair of offsets", ErrCorrupt, p.name)
		}
	}
	slices.SortFunc(h.tensors, func(a, b placement) int {
		return cmp.Or(cmp.Compare(a.info.Offsets[0], b.info.Offsets[0]), cmp.Compare(a.info.Offsets[1], b.info.Offsets[1]))
	})
	var previous int64
	for _, p := range h.tensors {
		begin, end := p.info.Offsets[0], p.info.Offsets[1]
		if begin != previous || end < begin {
			return fmt.Errorf("%w: tensor %.80q is at offsets [%d,%d], want it to start at %d", ErrCorrupt, p.name, begin, end, previous)
		}
		elements, err := elementCount(p.info.Shape)
		if err != nil {
			return fmt.Errorf("%w: tensor %.80q: %w", ErrCorrupt, p.name, err)
		}
		if end-begin != elements*floatBytes {
			return fmt.Errorf("%w: tensor %.80q of shape %v has %d bytes, want %d", ErrCorrupt, p.name, p.info.Shape, end-begin, elements*floatBytes)
		}
		previous = end
	}
	return nil
}

// eachMember walks over a JSON object; visit consumes the value of each member.
// A repeated name is an error, because readers disagree on which one counts.
func eachMember(decoder *json.Decoder, visit func(name string) error) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return fmt.Errorf("found %.20v, want an object", token)
	}
	seen := map[string]struct{}{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return fmt.Errorf("found %.20v, want a name", token)
		}
		if _, ok := seen[name]; ok {
			return fmt.Errorf("%.80q occurs twice", name)
		}
		seen[name] = struct{}{}
		if err := visit(name); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}
