package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzzLimits keep the memory of a fuzzing process small.
var fuzzLimits = Limits{Header: 1 << 20, File: 4 << 20}

// FuzzRead reads arbitrary files: each gives one of the package's errors, or a
// valid model that survives a round trip.
func FuzzRead(f *testing.F) {
	file := encode(f, tiny())
	f.Add(file)
	f.Add(encode(f, sized()))
	f.Add(file[:len(file)-3])
	f.Add(file[:100])
	f.Add([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01"))
	f.Add(withHeader(`{"__metadata__":{"deepscaler":"{\"version\":2}"}}`, nil))
	f.Add(withHeader(`{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, nil))
	for _, name := range []string{"golden", "resaved", "foreign"} {
		seed, err := os.ReadFile(filepath.Join("testdata", name+".safetensors"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	for seed := range uint64(5) {
		f.Add(encode(f, random(rand.New(rand.NewPCG(seed, 3)))))
	}
	f.Fuzz(checkRead)
}

// FuzzReadSigned reads arbitrary documents and data under a header and a
// checksum that fit them, which mutation alone would not find.
func FuzzReadSigned(f *testing.F) {
	piece := genuine(f)
	f.Add(piece.document, piece.data)
	f.Add(strings.Replace(piece.document, `"anchor":"change"`, `"anchor":"demand","sizings":[{"idle":0.125,"utilisation":0.5},{"idle":0,"utilisation":1}]`, 1), piece.data)
	f.Add(strings.Replace(piece.document, `"hidden":2`, `"hidden":-2`, 1), piece.data)
	f.Add(strings.Replace(piece.document, `"shape":[3,2]`, `"shape":[6]`, 1), piece.data)
	f.Add(strings.Replace(piece.document, `0.125`, `1e-320`, 1), piece.data)
	f.Add(`{"version":1,"tensors":[{"name":"affinity","shape":[0,0]}]}`, []byte{})
	f.Fuzz(func(t *testing.T, document string, data []byte) {
		var outline struct {
			Tensors []tensorEntry `json:"tensors"`
		}
		if err := json.Unmarshal([]byte(document), &outline); err != nil {
			outline.Tensors = nil
		}
		var table []string
		var offset int64
		for _, e := range outline.Tensors {
			elements, err := elementCount(e.Shape)
			if err != nil || elements > 1<<20 {
				elements = 0
			}
			info := tensorInfo{DType: dtypeFloat, Shape: e.Shape, Offsets: []int64{offset, offset + elements*floatBytes}}
			offset += elements * floatBytes
			name, err := json.Marshal(e.Name)
			if err != nil {
				t.Fatal(err)
			}
			value, err := json.Marshal(info)
			if err != nil {
				t.Fatal(err)
			}
			table = append(table, fmt.Sprintf("%s:%s", name, value))
		}
		if offset > 1<<20 {
			return
		}
		// As much data as the table speaks of.
		data = append(slices.Clip(data), make([]byte, max(0, offset-int64(len(data))))...)[:offset]
		file := forgery{document: document, table: strings.Join(table, ","), data: data}.file()
		checkRead(t, file)
	})
}

func checkRead(t *testing.T, file []byte) {
	m, err := fuzzLimits.Read(bytes.NewReader(file))
	if err != nil {
		if m != nil {
			t.Fatal("there is a model beside the error")
		}
		if !slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }) {
			t.Fatalf("error %v is none of the package's", err)
		}
		return
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	again, err := Read(bytes.NewReader(encode(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, again, sameModel); diff != "" {
		t.Fatalf("(-first +second)\n%s", diff)
	}
	if m.Hash() != again.Hash() {
		t.Fatal("the hash changed on the way")
	}
	if _, err := m.Transfer(m.Services, nil); err != nil {
		t.Fatal(err)
	}
}
