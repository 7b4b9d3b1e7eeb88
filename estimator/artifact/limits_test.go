package artifact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	file := encode(t, tiny())
	size, head := int64(len(file)), int64(binary.LittleEndian.Uint64(file))
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		limits Limits
		want   error
	}{
		{"default", Limits{}, nil},
		{"below zero", Limits{Header: -1, File: -1}, nil},
		{"exact", Limits{Header: head, File: size}, nil},
		{"header", Limits{Header: head - 1}, ErrTooLarge},
		{"file", Limits{File: size - 1}, ErrTooLarge},
		{"file below header", Limits{File: 100}, ErrTooLarge},
	} {
		if _, err := c.limits.Read(bytes.NewReader(file)); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
		if _, err := c.limits.ReadFile(path); !errors.Is(err, c.want) {
			t.Errorf("%s: file: error %v, want %v", c.name, err, c.want)
		}
	}
}

// TestClaimsAllocateNothing reads streams of a few hundred bytes that claim
// the largest header and the largest file.
func TestClaimsAllocateNothing(t *testing.T) {
	data := genuine(t)
	data.table += `,"x":{"dtype":"F32","shape":[268000000],"data_offsets":[140,1072000140]}`
	data.document = strings.Replace(data.document, `"tensors":[`, `"tensors":[{"name":"x","shape":[268000000]},`, 1)
	for name, file := range map[string][]byte{
		"header": slices.Concat(binary.LittleEndian.AppendUint64(nil, 16<<20), []byte("{}")),
		"data":   data.file(),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Read(bytes.NewReader(file)); !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: error %v, want %v", name, err, ErrTruncated)
		}
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
			t.Errorf("%s: %d bytes were allocated for a file of %d", name, allocated, len(file))
		}
	}
}

func TestReadFileRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(dir); !errors.Is(err, ErrForeign) {
		t.Errorf("folder: error %v, want %v", err, ErrForeign)
	}
	if _, err := ReadFile(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: error %v, want %v", err, os.ErrNotExist)
	}
}

func TestReadFileFollowsLinks(t *testing.T) {
	// The way the kubelet mounts a ConfigMap.
	dir := t.TempDir()
	if err := WriteFile(filepath.Join(dir, "data"), tiny()); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "model.safetensors")
	if err := os.Symlink("data", link); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(link); err != nil {
		t.Error(err)
	}
}
