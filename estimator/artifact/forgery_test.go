package artifact

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// sentinels are all errors that a bad file may give.
var sentinels = []error{ErrForeign, ErrTruncated, ErrTooLarge, ErrCorrupt, ErrVersion, ErrChecksum, ErrInvalid}

// forgery is a file in pieces, to be put together wrongly.
type forgery struct {
	document string
	checksum string // of document and data when ""
	table    string // members of the header after the metadata
	data     []byte
}

// genuine takes the tiny model apart.
func genuine(t testing.TB) forgery {
	t.Helper()
	file := encode(t, tiny())
	head := file[8 : 8+binary.LittleEndian.Uint64(file)]
	h, err := decodeHeader(head)
	if err != nil {
		t.Fatal(err)
	}
	var table []string
	for _, p := range h.tensors {
		info, err := json.Marshal(p.info)
		if err != nil {
			t.Fatal(err)
		}
		table = append(table, fmt.Sprintf("%q:%s", p.name, info))
	}
	return forgery{document: string(h.document), table: strings.Join(table, ","), data: file[8+len(head):]}
}

func (f forgery) file() []byte {
	sum := f.checksum
	if sum == "" {
		sum = checksum([]byte(f.document), []Tensor{{Data: toFloats(f.data)}})
	}
	metadata, err := json.Marshal(map[string]string{documentKey: f.document, checksumKey: sum})
	if err != nil {
		panic(err)
	}
	return withHeader(fmt.Sprintf("{%q:%s,%s}", metadataKey, metadata, f.table), f.data)
}

func withHeader(head string, data []byte) []byte {
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), []byte(head), data)
}

func toFloats(data []byte) []float32 {
	floats := make([]float32, len(data)/floatBytes)
	for i := range floats {
		floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[floatBytes*i:]))
	}
	return floats
}
