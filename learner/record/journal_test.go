package record

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

func testHeader() header {
	return header{
		Flags: map[string]string{"--step": "30s"}, Services: services,
		First: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Steps: 4,
	}
}

// testJournal writes a journal of two chunks and returns its content.
func testJournal(t testing.TB, path string) []byte {
	t.Helper()
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	if err := j.begin(testHeader()); err != nil {
		t.Fatal(err)
	}
	for _, rows := range []string{"1,cart,1\n1,web,2\n", "2,cart,3\n2,web,4\n"} {
		if err := j.add(chunk{Steps: 2, Present: []int{1, 1}, Calls: []estimator.Call{{Source: 1, Rate: 0.1}}}, []byte(rows)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestAnyTornEndIsCutOff opens every prefix of a journal, goes on and reads.
func TestAnyTornEndIsCutOff(t *testing.T) {
	whole := testJournal(t, filepath.Join(t.TempDir(), "whole"))
	begun := bytes.IndexByte(whole, '\n') + 1
	path := filepath.Join(t.TempDir(), "torn")
	for size := begun; size <= len(whole); size++ {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(path)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		want := testHeader()
		want.Version = journalVersion
		if diff := cmp.Diff(want, j.header); diff != "" {
			t.Fatalf("%d bytes (-want +got):\n%s", size, diff)
		}
		rows := [][]byte{[]byte("1,cart,1\n1,web,2\n"), []byte("2,cart,3\n2,web,4\n")}
		if size == len(whole) && len(j.chunks) != 2 {
			t.Fatalf("%d of 2 chunks of a whole journal", len(j.chunks))
		}
		for len(j.chunks) < 2 {
			if err := j.add(chunk{Steps: 2, Present: []int{1, 1}, Calls: []estimator.Call{{Source: 1, Rate: 0.1}}}, rows[len(j.chunks)]); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if err := j.rows(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		j.close()
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), bytes.Join(rows, nil)) || !bytes.Equal(got, whole) {
			t.Fatalf("%d bytes: rows %q of journal %q", size, out.Bytes(), got)
		}
	}
}

func FuzzJournal(f *testing.F) {
	whole := testJournal(f, filepath.Join(f.TempDir(), "seed"))
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(whole[:bytes.IndexByte(whole, '\n')])
	f.Add(bytes.Replace(whole, []byte("web,2"), []byte("web,3"), 1))
	f.Add([]byte(`{"deepscalerRecording":1}` + "\n" + `{"bytes":-1}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(path)
		if err != nil {
			return
		}
		defer j.close()
		if err := j.check(1); err != nil {
			return
		}
		// What was accepted can be read to its end.
		var out bytes.Buffer
		if err := j.rows(t.Context(), &out); err != nil {
			t.Error(err)
		}
		if kept, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(data, kept) {
			t.Errorf("kept %q of %q, %v", kept, data, err)
		}
	})
}
