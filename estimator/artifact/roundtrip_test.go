package artifact

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file anew")

const golden = "testdata/golden.safetensors"

func TestRoundTripOfRandomModels(t *testing.T) {
	for seed := range uint64(200) {
		want := random(rand.New(rand.NewPCG(seed, 1)))
		file := encode(t, want)
		got, err := Read(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(want, got, sameModel); diff != "" {
			t.Fatalf("seed %d: (-written +read)\n%s", seed, diff)
		}
		if want.Hash() != got.Hash() || len(got.Hash()) != 64 {
			t.Fatalf("seed %d: hash %q became %q", seed, want.Hash(), got.Hash())
		}
		if again := encode(t, got); !bytes.Equal(file, again) {
			t.Fatalf("seed %d: the same model was written differently", seed)
		}
		if length := binary.LittleEndian.Uint64(file); length%8 != 0 {
			t.Fatalf("seed %d: data is not aligned after a header of %d bytes", seed, length)
		}
	}
}

func TestRoundTripNormalisesReportAndTime(t *testing.T) {
	m := tiny()
	m.Report = json.RawMessage("{ \"a\" : [ 1 ] }\n")
	m.Created = time.Date(2024, 3, 1, 1, 0, 0, 0, time.FixedZone("", 2*3600))
	got, err := Read(bytes.NewReader(encode(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Report) != `{"a":[1]}` {
		t.Errorf("report %s", got.Report)
	}
	if !got.Created.Equal(m.Created) || got.Created.Location() != time.UTC {
		t.Errorf("created %v", got.Created)
	}
	if got.Hash() != m.Hash() {
		t.Error("the hash changed on the way")
	}
}

// TestRoundTripOfSizings: the members have the names of the documentation.
func TestRoundTripOfSizings(t *testing.T) {
	want := sized()
	file := encode(t, want)
	if text := `\"anchor\":\"demand\",\"sizings\":[{\"idle\":0.125,\"utilisation\":0.5},{\"idle\":0,\"utilisation\":0.75}]`; !bytes.Contains(file, []byte(text)) {
		t.Errorf("the file lacks %s:\n%q", text, file)
	}
	got, err := Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameModel); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	tampered := sized()
	tampered.Scaler.Sizings[1].Utilisation = 0.625
	if tampered.Hash() == want.Hash() {
		t.Error("the hash does not cover the sizings")
	}
}

// TestGolden holds the format of version 1. When it fails, files in the field
// can no longer be read or are written differently: raise the version, then
// run it with -update.
func TestGolden(t *testing.T) {
	file := encode(t, tiny())
	if *update {
		if err := os.WriteFile(golden, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, file) {
		t.Errorf("the format drifted: wrote\n%q\nwant\n%q", file, want)
	}
	got, err := ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tiny(), got, sameModel); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if hash := "af6cc1d124b6a3d438be533bf23fee0c825a2ac78300361cb467c74780c18cb0"; got.Hash() != hash {
		t.Errorf("hash %q, want %q", got.Hash(), hash)
	}
}

// TestAnotherLayout reads the golden model as the Python package safetensors
// 0.8.0 saved it, with its own order of tensors and a metadata entry more.
func TestAnotherLayout(t *testing.T) {
	path := filepath.Join("testdata", "resaved.safetensors")
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tiny(), got, sameModel); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	resaved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(resaved, encode(t, tiny())) {
		t.Error("the layout is the same: the test shows nothing")
	}
}

func TestHash(t *testing.T) {
	original := tiny().Hash()
	for name, change := range map[string]func(*Model){
		"weight":   func(m *Model) { m.Tensors[1].Data[3]++ },
		"shape":    func(m *Model) { m.Tensors[1].Shape = []int{2, 3} },
		"name":     func(m *Model) { m.Tensors[0].Name = "other" },
		"affinity": func(m *Model) { m.Affinity[0] = 1 },
		"graph":    func(m *Model) { m.Graphs[1].Affinity[0] = 1 },
		"loss":     func(m *Model) { m.Graphs[1].Loss = 1 },
		"scaler":   func(m *Model) { m.Scaler.Std[1][2] = 7 },
		"parent":   func(m *Model) { m.Parent = "" },
		"order":    func(m *Model) { m.Tensors[0], m.Tensors[2] = m.Tensors[2], m.Tensors[0] },
	} {
		m := tiny()
		change(m)
		if hash := m.Hash(); hash == original || len(hash) != 64 {
			t.Errorf("%s: hash %q after a change", name, hash)
		}
	}
	m := tiny()
	m.Report = json.RawMessage("{")
	if hash := m.Hash(); hash != "" {
		t.Errorf("a model that cannot be encoded has hash %q", hash)
	}
}

func TestWriteRefuses(t *testing.T) {
	invalid := tiny()
	invalid.Window = 0
	file := encode(t, tiny())
	size, head := int64(len(file)), int64(binary.LittleEndian.Uint64(file))
	for _, c := range []struct {
		name   string
		limits Limits
		model  *Model
		want   error
	}{
		{"invalid", Limits{}, invalid, ErrInvalid},
		{"large", Limits{File: size - 1}, tiny(), ErrTooLarge},
		{"large header", Limits{Header: head - 1}, tiny(), ErrTooLarge},
		{"as large as can be", Limits{Header: head, File: size}, tiny(), nil},
	} {
		var b bytes.Buffer
		if err := c.limits.Write(&b, c.model); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
		if c.want != nil && b.Len() > 0 {
			t.Errorf("%s: %d bytes were written", c.name, b.Len())
		}
	}
}

// TestWriteReportsEveryFailure fails at every byte in turn.
func TestWriteReportsEveryFailure(t *testing.T) {
	broken := errors.New("disk is full")
	for n := range len(encode(t, tiny())) {
		if err := Write(&failing{after: n, err: broken}, tiny()); !errors.Is(err, broken) {
			t.Fatalf("failure after %d bytes: error %v", n, err)
		}
	}
}

// failing takes some bytes and then fails.
type failing struct {
	after int
	err   error
}

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.after {
		n := f.after
		f.after = 0
		return n, f.err
	}
	f.after -= len(p)
	return len(p), nil
}
