package artifact

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

const floatBytes = 4

// Hash returns the checksum of the model in a file: 64 hex digits that identify
// its content. Every call reads all numbers. An invalid model that cannot be
// encoded has the hash "".
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
		binary.Write(digest, binary.LittleEndian, t.Data) //nolint:errcheck // a hash never fails
	}
	return hex.EncodeToString(digest.Sum(nil))
}

func isChecksum(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}
