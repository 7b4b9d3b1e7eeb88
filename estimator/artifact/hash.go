package artifact

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"strings"
)

const (
	floatBytes = 4
	chunkBytes = 64 << 10
)

// Hash returns the checksum that the model has or would have in a file: 64
// hex digits that name its content. It walks over all numbers at every
// call. A model that cannot be encoded, because it is not valid, has none: "".
func (m *Model) Hash() string {
	encoded, err := encodeDocument(m)
	if err != nil {
		return ""
	}
	return checksum(encoded, m.stored())
}

// checksum covers the document and then the tensors, in that order.
func checksum(encoded []byte, tensors []Tensor) string {
	digest := sha256.New()
	digest.Write(encoded)
	for _, t := range tensors {
		writeFloats(digest, t.Data) //nolint:errcheck // a hash never fails
	}
	return hex.EncodeToString(digest.Sum(nil))
}

func isChecksum(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}

// writeFloats writes data as it is stored.
func writeFloats(w io.Writer, data []float32) error {
	buffer := make([]byte, 0, min(len(data)*floatBytes, chunkBytes))
	for len(data) > 0 {
		n := min(len(data), chunkBytes/floatBytes)
		buffer = buffer[:0]
		for _, v := range data[:n] {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// readFloats reads count numbers. Unless the bytes are known to be there, it
// allocates no more than twice what it has read.
func readFloats(r io.Reader, count int64, known bool) ([]float32, error) {
	capacity := count
	if !known {
		capacity = min(count, chunkBytes/floatBytes)
	}
	data := make([]float32, 0, capacity)
	buffer := make([]byte, min(count*floatBytes, chunkBytes))
	for left := count - int64(len(data)); left > 0; left = count - int64(len(data)) {
		chunk := buffer[:min(left*floatBytes, chunkBytes)]
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		for i := 0; i < len(chunk); i += floatBytes {
			data = append(data, math.Float32frombits(binary.LittleEndian.Uint32(chunk[i:])))
		}
	}
	return data, nil
}
