package artifact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestGenuineForgeryIsRead(t *testing.T) {
	got, err := Read(bytes.NewReader(genuine(t).file()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tiny(), got, sameModel); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadRefusesForgeries(t *testing.T) {
	replace := func(in *string, from, to string) {
		if !strings.Contains(*in, from) {
			t.Fatalf("%q is not in %s", from, *in)
		}
		*in = strings.Replace(*in, from, to, 1)
	}
	document := func(from, to string) func(*forgery) {
		return func(f *forgery) { replace(&f.document, from, to) }
	}
	table := func(from, to string) func(*forgery) {
		return func(f *forgery) { replace(&f.table, from, to) }
	}
	number := func(index int, v float64) func(*forgery) {
		return func(f *forgery) {
			f.data = slices.Clone(f.data)
			binary.LittleEndian.PutUint32(f.data[floatBytes*index:], math.Float32bits(float32(v)))
		}
	}
	for _, c := range []struct {
		name   string
		change func(*forgery)
		want   error
		text   string
	}{
		{"newer version", document(`"version":1`, `"version":2`), ErrVersion, "upgrade"},
		{"older version", document(`"version":1`, `"version":0`), ErrVersion, "train the model anew"},
		{"no version", document(`"version":1,`, ``), ErrVersion, "it is 0"},
		{"newer version with unknown members", document(`"version":1`, `"version":2,"new":[]`), ErrVersion, "upgrade"},
		{"version is text", document(`"version":1`, `"version":"1"`), ErrCorrupt, "version"},
		{"unknown member", document(`"version":1`, `"version":1,"new":1`), ErrCorrupt, "new"},
		{"unknown hyperparameter", document(`"hidden":2`, `"hidden":2,"dropout":0.1`), ErrCorrupt, "dropout"},
		{"document is no JSON", func(f *forgery) { f.document = "model" }, ErrCorrupt, "document"},
		{"document is null", func(f *forgery) { f.document = "null" }, ErrVersion, "it is 0"},
		{"document is cut", func(f *forgery) { f.document = f.document[:len(f.document)-1] }, ErrCorrupt, "document"},
		{"two documents", func(f *forgery) { f.document += "{}" }, ErrCorrupt, "document"},
		{"step", document(`"step":"30s"`, `"step":"30"`), ErrCorrupt, "step"},
		{"number beyond float64", document(`[2,0.5,10]`, `[2,0.5,1e999]`), ErrCorrupt, "1e999"},
		{"tampered document", func(f *forgery) {
			f.checksum = checksum([]byte(f.document), []Tensor{{Data: toFloats(f.data)}})
			replace(&f.document, `"quantile":0.75`, `"quantile":0.25`)
		}, ErrChecksum, "copy"},
		{"tampered weight", func(f *forgery) {
			f.checksum = checksum([]byte(f.document), []Tensor{{Data: toFloats(f.data)}})
			number(14, 7)(f)
		}, ErrChecksum, "copy"},
		{"checksum is garbage", func(f *forgery) { f.checksum = "yes" }, ErrChecksum, "copy"},
		{"NaN weight", number(14, math.NaN()), ErrNotFinite, "attention.u2"},
		{"infinite weight", number(14, math.Inf(-1)), ErrNotFinite, "attention.u2"},
		{"NaN affinity", number(1, math.NaN()), ErrNotFinite, "affinity"},
		{"negative affinity", number(1, -1), ErrInvalid, "affinity"},
		{"infinite graph", number(5, math.Inf(1)), ErrNotFinite, "invocation"},
		{"std of zero", document(`[1,0.125,3]`, `[1,0,3]`), ErrInvalid, `"cpu"`},
		{"sizings of nothing", document(`"anchor":"change"`, `"anchor":"change","sizings":[{"idle":0,"utilisation":0.5},{"idle":0,"utilisation":0.5}]`), ErrInvalid, "does not use"},
		{"demand without sizings", document(`"anchor":"change"`, `"anchor":"demand"`), ErrInvalid, "0 sizings"},
		{"a sizing less", document(`"anchor":"change"`, `"anchor":"demand","sizings":[{"idle":0,"utilisation":0.5}]`), ErrInvalid, "1 sizings"},
		{"sizing without a target", document(`"anchor":"change"`, `"anchor":"demand","sizings":[{"idle":0,"utilisation":0.5},{"idle":0}]`), ErrInvalid, "shop/web"},
		{"sizing is null", document(`"anchor":"change"`, `"anchor":"demand","sizings":[{"idle":0,"utilisation":0.5},null]`), ErrInvalid, "shop/web"},
		{"sizing of all idle", document(`"anchor":"change"`, `"anchor":"demand","sizings":[{"idle":0.9,"utilisation":0.5},{"idle":0,"utilisation":0.5}]`), ErrInvalid, "shop/cart"},
		{"unknown member of a sizing", document(`"anchor":"change"`, `"anchor":"demand","sizings":[{"slo":1}]`), ErrCorrupt, "slo"},
		{"no services", document(`["shop/cart","shop/web"]`, `[]`), ErrCorrupt, "affinity"},
		{"kind", document(`"kind":"deepscaler"`, `"kind":"x"`), ErrInvalid, "kind"},
		{"a graph less", document(`,{"name":"learned-1","loss":null}`, ``), ErrInvalid, "reserved"},
		{"a graph more", document(`"graphs":[`, `"graphs":[{"name":"x","loss":0},`), ErrCorrupt, "graphs.x"},
		{"more graphs than tensors", document(`"graphs":[`, `"graphs":[`+strings.Repeat(`{"name":"x","loss":0},`, 9)), ErrCorrupt, "do not hold"},
		{"affinity is not square", func(f *forgery) {
			replace(&f.table, `"affinity":{"dtype":"F32","shape":[2,2]`, `"affinity":{"dtype":"F32","shape":[4]`)
			replace(&f.document, `{"name":"affinity","shape":[2,2]}`, `{"name":"affinity","shape":[4]}`)
		}, ErrCorrupt, "affinity"},
		{"tensor missing from the document", document(`,{"name":"head.scale","shape":[]}`, ``), ErrCorrupt, "head.scale"},
		{"tensor twice in the document", document(`{"name":"head.scale","shape":[]}`, `{"name":"head.scale","shape":[]},{"name":"head.scale","shape":[]}`), ErrCorrupt, "head.scale"},
		{"tensor missing from the header", document(`{"name":"head.scale","shape":[]}`, `{"name":"head.bias","shape":[]}`), ErrCorrupt, "head.bias"},
		{"shapes differ", document(`"shape":[3,2]`, `"shape":[2,3]`), ErrCorrupt, "[3 2]"},
		{"dtype", table(`"F32"`, `"F16"`), ErrCorrupt, "F16"},
		{"no shape", table(`"shape":[]`, `"shape":null`), ErrCorrupt, "head.scale"},
		{"one offset", table(`"data_offsets":[48,56]`, `"data_offsets":[48]`), ErrCorrupt, "u1"},
		{"three offsets", table(`"data_offsets":[48,56]`, `"data_offsets":[48,56,64]`), ErrCorrupt, "u1"},
		{"gap", table(`"data_offsets":[48,56]`, `"data_offsets":[52,56]`), ErrCorrupt, "want it to start at 48"},
		{"overlap", table(`"data_offsets":[48,56]`, `"data_offsets":[44,56]`), ErrCorrupt, "want it to start at 48"},
		{"same place", table(`"data_offsets":[48,56]`, `"data_offsets":[56,80]`), ErrCorrupt, "want it to start at 48"},
		{"backwards", table(`"data_offsets":[0,16]`, `"data_offsets":[0,-16]`), ErrCorrupt, "offsets [0,-16]"},
		{"negative offset", table(`"data_offsets":[0,16]`, `"data_offsets":[-16,0]`), ErrCorrupt, "offsets [-16,0]"},
		{"offset beyond int64", table(`"data_offsets":[0,16]`, `"data_offsets":[0,99999999999999999999]`), ErrCorrupt, "9999"},
		{"fractional offset", table(`"data_offsets":[0,16]`, `"data_offsets":[0,16.5]`), ErrCorrupt, "16.5"},
		{"last offset at the end of int64", table(`"data_offsets":[136,140]`, `"data_offsets":[136,9223372036854775807]`), ErrCorrupt, "head.scale"},
		{"shape that overflows", table(`"shape":[3,2]`, `"shape":[4294967296,4294967296,6]`), ErrCorrupt, "too many"},
		{"shape that overflows to the right size", table(`"shape":[3,2]`, `"shape":[9223372036854775807,3,2]`), ErrCorrupt, "too many"},
		{"shape of negatives", table(`"shape":[3,2]`, `"shape":[-3,-2]`), ErrCorrupt, "below 1"},
		{"empty tensor", table(`"shape":[3,2]`, `"shape":[3,2,0]`), ErrCorrupt, "below 1"},
		{"nine dimensions", table(`"shape":[3,2]`, `"shape":[3,2,1,1,1,1,1,1,1]`), ErrCorrupt, "9 dimensions"},
		{"shape does not fit", table(`"shape":[3,2]`, `"shape":[3,3]`), ErrCorrupt, "want 36"},
		{"unknown member of a tensor", table(`"dtype":"F32"`, `"dtype":"F32","scale":2`), ErrCorrupt, "scale"},
		{"tensor is a list", func(f *forgery) { f.table += `,"x":[1]` }, ErrCorrupt, "header"},
		{"tensor twice", func(f *forgery) { f.table += "," + f.table }, ErrCorrupt, "twice"},
		{"metadata twice", func(f *forgery) { f.table += `,"__metadata__":{}` }, ErrCorrupt, "twice"},
		{"no member", func(f *forgery) { f.table += "," }, ErrCorrupt, "header"},
		{"header is cut", func(f *forgery) { f.table = f.table[:len(f.table)-1] }, ErrCorrupt, "header"},
		{"header is not UTF-8", func(f *forgery) { f.table += ",\"\xff\":{}" }, ErrCorrupt, "UTF-8"},
		{"two headers", func(f *forgery) { f.table += "},{" }, ErrCorrupt, "header"},
		{"claims a terabyte", func(f *forgery) {
			f.table += `,"x":{"dtype":"F32","shape":[274877906944],"data_offsets":[140,1099511627916]}`
		}, ErrTruncated, "want 1099511627916"},
		{"claims a byte too many", func(f *forgery) { f.data = f.data[:len(f.data)-1] }, ErrTruncated, "copy"},
		{"data after the end", func(f *forgery) { f.data = append(slices.Clone(f.data), 0) }, ErrCorrupt, "more follows"},
		{"too many tensors", func(f *forgery) {
			var b strings.Builder
			for i := range maxTensors {
				fmt.Fprintf(&b, `,"t%d":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}`, i, 140+4*i, 144+4*i)
			}
			f.table += b.String()
		}, ErrCorrupt, "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := genuine(t)
			c.change(&f)
			checkRefused(t, f.file(), c.want, c.text)
		})
	}
}

func TestReadRefusesForeignFiles(t *testing.T) {
	python, err := os.ReadFile(filepath.Join("testdata", "foreign.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	jpeg := append([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 'J', 'F', 'I', 'F', 0, 1, 1}, make([]byte, 5000)...)
	var large strings.Builder
	for i := range maxTensors + 1 {
		fmt.Fprintf(&large, `,"t%d":{"dtype":"BF16","shape":[0],"data_offsets":[0,0]}`, i)
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
		text string
	}{
		{"empty", nil, ErrTruncated, "length of the header"},
		{"a word", []byte("hello"), ErrTruncated, "length of the header"},
		{"JPEG", jpeg, ErrForeign, "not a safetensors"},
		{"JSON", []byte(`{"version": 1, "kind": "deepscaler"}`), ErrForeign, "not a safetensors"},
		{"zeros", make([]byte, 100), ErrForeign, "not a safetensors"},
		{"written by Python", python, ErrForeign, `no "deepscaler"`},
		{"no metadata", withHeader(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4)), ErrForeign, `no "deepscaler"`},
		{"nothing inside", withHeader(`{}`, nil), ErrForeign, `no "deepscaler"`},
		{"large language model", withHeader("{"+large.String()[1:]+"}", nil), ErrForeign, `no "deepscaler"`},
		{"metadata is text", withHeader(`{"__metadata__":"deepscaler"}`, nil), ErrCorrupt, "object"},
		{"no tensors", withHeader(`{"__metadata__":{"deepscaler":"{\"version\":1}"}}`, nil), ErrChecksum, "copy"},
		{"document is no text", withHeader(`{"__metadata__":{"deepscaler":{}}}`, nil), ErrCorrupt, "header"},
		{"document twice", withHeader(`{"__metadata__":{"deepscaler":"{}","deepscaler":"{}"}}`, nil), ErrCorrupt, "twice"},
		{"header of exabytes", slices.Concat(binary.LittleEndian.AppendUint64(nil, math.MaxUint64), []byte("{}")), ErrTooLarge, "header"},
		{"header beyond the limit", slices.Concat(binary.LittleEndian.AppendUint64(nil, 16<<20+1), []byte("{}")), ErrTooLarge, "16777216"},
		{"header beyond the file", slices.Concat(binary.LittleEndian.AppendUint64(nil, 16<<20), []byte("{}")), ErrTruncated, ""},
		{"header of braces", withHeader(strings.Repeat("{", 20_000), nil), ErrCorrupt, "header"},
		{"deep tensor", withHeader(`{"x":`+strings.Repeat("[", 20_000), nil), ErrCorrupt, "header"},
	} {
		t.Run(c.name, func(t *testing.T) { checkRefused(t, c.file, c.want, c.text) })
	}
}

// checkRefused reads a bad file as a stream and from the disk.
func checkRefused(t *testing.T, file []byte, want error, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	fromStream, streamErr := Read(bytes.NewReader(file))
	fromFile, fileErr := ReadFile(path)
	if fromStream != nil || fromFile != nil {
		t.Error("a refused file gave a model")
	}
	for _, err := range []error{streamErr, fileErr} {
		for _, s := range sentinels {
			wanted := errors.Is(want, s) || errors.Is(want, ErrNotFinite) && errors.Is(s, ErrInvalid)
			if errors.Is(err, s) != wanted {
				t.Errorf("error %v, want one that is %q only", err, want)
			}
		}
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if streamErr != nil && !strings.Contains(streamErr.Error(), text) {
		t.Errorf("error %q lacks %q", streamErr, text)
	}
	if fileErr != nil && !strings.Contains(fileErr.Error(), path) {
		t.Errorf("error %q does not name the file", fileErr)
	}
}

// TestReadRefusesEveryPrefix cuts a file at every byte.
func TestReadRefusesEveryPrefix(t *testing.T) {
	file := encode(t, tiny())
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range slices.Backward(file) {
		if _, err := Read(bytes.NewReader(file[:n])); !errors.Is(err, ErrTruncated) {
			t.Fatalf("%d of %d bytes: error %v", n, len(file), err)
		}
		if err := os.Truncate(path, int64(n)); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path); !errors.Is(err, ErrTruncated) {
			t.Fatalf("file of %d of %d bytes: error %v", n, len(file), err)
		}
	}
}

// TestReadNoticesFlippedBits flips a bit in every byte of a file: it is
// refused, or gives the same model when the bit means nothing, such as in white
// space.
func TestReadNoticesFlippedBits(t *testing.T) {
	file := encode(t, tiny())
	harmless := 0
	for i := range file {
		flipped := slices.Clone(file)
		flipped[i] ^= 1 << (i % 8)
		m, err := Read(bytes.NewReader(flipped))
		if err == nil {
			harmless++
			if diff := cmp.Diff(tiny(), m, sameModel); diff != "" {
				t.Fatalf("byte %d: (-want +got)\n%s", i, diff)
			}
			continue
		}
		if !slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }) {
			t.Fatalf("byte %d: error %v is none of the package's", i, err)
		}
	}
	if harmless > len(file)/20 {
		t.Errorf("%d of %d flips went unnoticed", harmless, len(file))
	}
}

func TestReadPassesOnErrorsOfTheReader(t *testing.T) {
	broken := errors.New("connection reset")
	file := encode(t, tiny())
	for n := range file {
		r := io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken))
		if _, err := Read(r); !errors.Is(err, broken) || errors.Is(err, ErrTruncated) {
			t.Fatalf("failure after %d bytes: error %v", n, err)
		}
	}
}

func TestErrorsAreDistinct(t *testing.T) {
	texts := map[string]bool{}
	for _, s := range append(slices.Clone(sentinels), ErrNotFinite) {
		texts[s.Error()] = true
	}
	if len(texts) != len(sentinels)+1 {
		t.Errorf("two errors read the same: %q", slices.Sorted(maps.Keys(texts)))
	}
}
