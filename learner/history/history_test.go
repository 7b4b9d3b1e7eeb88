package history

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

func TestReadSeries(t *testing.T) {
	start := time.Unix(1767225600, 0).UTC() // 2026-01-01T00:00:00Z
	two := func(values ...float64) *estimator.Window {
		return fakehistory.Since(start, 30*time.Second, fakehistory.Named("a", "b"), []estimator.Feature{"x", "y"}, values...)
	}
	for _, tc := range []struct {
		name, in string
		want     *estimator.Window
	}{
		{"by time", "timestamp,service,x,y\n1767225600,b,3,4\n1767225600,a,1,2\n1767225630,a,5,6\n1767225630,b,7,8\n", two(1, 2, 3, 4, 5, 6, 7, 8)},
		{"by service", "timestamp,service,x,y\n1767225600,a,1,2\n1767225630,a,5,6\n1767225600,b,3,4\n1767225630,b,7,8\n", two(1, 2, 3, 4, 5, 6, 7, 8)},
		{"newest first", "timestamp,service,x,y\n1767225630,b,7,8\n1767225630,a,5,6\n1767225600,b,3,4\n1767225600,a,1,2", two(1, 2, 3, 4, 5, 6, 7, 8)},
		{"RFC 3339 with zones", "timestamp,service,x,y\n2026-01-01T01:00:00+01:00,a,1,2\n2026-01-01T00:00:30Z,b,7,8\n", two(1, 2, nan, nan, nan, nan, 7, 8)},
		{"missing cells and rows", "timestamp,service,x,y\n1767225600,a,,2\n1767225630,b,7,NaN\n1767225660,a,9,\n", two(nan, 2, nan, nan, nan, nan, 7, nan, 9, nan, nan, nan)},
		{"missing step", "timestamp,service,x,y\n1767225600,a,1,2\n1767225630,a,3,4\n1767225690,b,5,6\n", two(1, 2, nan, nan, 3, 4, nan, nan, nan, nan, nan, nan, nan, nan, 5, 6)},
		{"blank lines, spaces, quotes, CR LF, BOM", "\ufefftimestamp, \"service\",x,y\r\n\r\n 1767225600 , a , 1 ,\"2\"\r\n1767225630,\"b\",7,8\r\n", two(1, 2, nan, nan, nan, nan, 7, 8)},
		{"comma and quote in names", "timestamp,service,\"x,\"\"y\"\"\"\n0.5,\"a,b\",1\n1.25,\"a,b\",2\n", fakehistory.Since(time.Unix(0, 5e8).UTC(), 750*time.Millisecond, fakehistory.Named("a,b"), []estimator.Feature{`x,"y"`}, 1, 2)},
		{"before 1970, exponents", "timestamp,service,x\n-1e1,a,1e-3\n-5,a,-2E+2\n", fakehistory.Since(time.Unix(-10, 0).UTC(), 5*time.Second, fakehistory.Named("a"), []estimator.Feature{"x"}, 1e-3, -200)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Read(strings.NewReader(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("series (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadSeriesErrors(t *testing.T) {
	const header = "timestamp,service,x,y\n"
	regular := header
	for i := range 30 {
		regular += fmt.Sprintf("%d,a,1,2\n", 30*i)
	}
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", "the file is empty, want the header timestamp,service"},
		{"only a header", header, "holds 0 timestamps, want at least 2"},
		{"one step", header + "0,a,1,2\n0,b,1,2\n", "holds 1 timestamps, want at least 2"},
		{"no header", "0,a,1,2\n", `line 1, column 1: the header begins with "0,a,1", want timestamp,service`},
		{"columns swapped", "service,timestamp,x\n", `line 1, column 1: the header begins with "service,timestamp,x"`},
		{"no features", "timestamp,service\n", "at least one feature"},
		{"feature twice", "timestamp,service,x,x\n", `line 1, column 21: the header names "x" twice`},
		{"reserved feature", "timestamp,service,x,service\n", `line 1, column 21: the header names "service" twice`},
		{"feature without name", "timestamp,service,x,\n", "line 1, column 21: a feature has an empty name"},
		{"too many features", "timestamp,service" + strings.Repeat(",f", MaxFeatures+1) + "\n", "names 1025 features, want at most 1024"},
		{"cell too few", header + "0,a,1\n", "line 2, column 1: 3 cells, but the header has 4"},
		{"cell too many", header + "0,a,1,2,3\n", "line 2, column 1: 5 cells, but the header has 4"},
		{"not a number", header + "0,a,1,2\n30,a,1,much\n", `line 3, column 8: y is "much", want a number`},
		{"infinite", header + "0,a,+Inf,2\n", `line 2, column 5: x is "+Inf", want a finite number`},
		{"out of range", header + "0,a,1,-1e999\n", `line 2, column 7: y is "-1e999", want a finite number`},
		{"slashes", header + "0,a/b/c,1,2\n", `line 2, column 3: service is "a/b/c", want namespace/name or a name alone`},
		{"no service", header + "0,,1,2\n", "line 2, column 3: a service has an empty name"},
		{"unprintable service", header + "0,a\x00b,1,2\n", "line 2, column 3: the name \"a\\x00b\" of a service is not printable"},
		{"timestamp", header + "yesterday,a,1,2\n", `line 2, column 1: timestamp is "yesterday", want RFC 3339`},
		{"infinite timestamp", header + "Inf,a,1,2\n", `line 2, column 1: timestamp is "Inf"`},
		{"milliseconds", header + "1767225600000,a,1,2\n", "want RFC 3339 such as 2026-01-31T12:00:00Z, or Unix seconds"},
		{"year 9999", header + "9999-01-01T00:00:00Z,a,1,2\n", "from 1824 to 2116"},
		{"local time", header + "2026-01-01T00:00:00,a,1,2\n", "line 2, column 1: timestamp is"},
		{"duplicate", header + "0,a,1,2\n30,a,1,2\n1970-01-01T00:00:00Z,a,1,2\n", `line 4: service "a" already has a row for 1970-01-01T00:00:00Z, at line 2`},
		{"late", regular + "915,a,1,2\n", "line 32: timestamp 1970-01-01T00:15:15Z is 45s after the previous one, the step is 30s"},
		{"between", regular + "45,a,1,2\n", "line 32: timestamp 1970-01-01T00:00:45Z is 15s after the previous one, the step is 30s"},
		{"years between", header + "0,a,1,2\n1,a,1,2\n2000000000,a,1,2\n", "line 4: timestamp 2033-05-18T03:33:20Z is 555555h33m19s after the previous one; at a step of 1s"},
		{"days between", header + "0,a,1,2\n1,a,1,2\n9000000,a,1,2\n", "9000001 steps (1970-01-01T00:00:00Z to 1970-04-15T04:00:00Z) of 1 services and 2 features are more than"},
		{"nanoseconds", header + "-4600000000,a,1,2\n-4599999999.999999,a,1,2\n4600000000,a,1,2\n", "too far apart"},
		{"open quote", header + "0,\"a,1,2\n30,a,1,2\n", "parse error on line 3, column 10: extraneous or missing"},
		{"stray quote", header + "0,a\"b,1,2\n", `parse error on line 2, column 4: bare " in non-quoted`},
		{"after a quote", header + "0,\"a\"b,1,2\n", `parse error on line 2, column 5: extraneous or missing`},
		{"long name", header + "0," + strings.Repeat("n", maxName+1) + ",1,2\n", "line 2, column 3: the name of a service has 513 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestSeriesRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][3]int{{2, 1, 1}, {50, 207, 1}, {60, 41, 5}, {7, 3, 2}} {
		s := fakehistory.Random(r, shape[0], shape[1], shape[2])
		// An edge step without any value must come back as well.
		for i := range shape[1] * shape[2] {
			s.Values[i] = nan
		}
		var out bytes.Buffer
		if err := Write(&out, s); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", shape, diff)
		}
	}
}

func TestReadSeriesFile(t *testing.T) {
	s := fakehistory.Random(rand.New(rand.NewPCG(3, 4)), 5, 2, 2)
	var plain, packed bytes.Buffer
	if err := Write(&plain, s); err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// The content decides, not the name.
	for name, content := range map[string][]byte{"plain.csv.gz": plain.Bytes(), "packed.csv": packed.Bytes()} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	cut := filepath.Join(dir, "cut.csv.gz")
	if err := os.WriteFile(cut, packed.Bytes()[:packed.Len()/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(cut); err == nil || !strings.Contains(err.Error(), "cut.csv.gz") || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("a file that is cut off: error %v, want one that names it and says so", err)
	}
	if _, err := ReadFile(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("no file: error %v, want that it does not exist", err)
	}
}

func TestWriteSeriesRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*estimator.Window){
		"has 5 values":        func(s *estimator.Window) { s.Values = s.Values[1:] },
		"not sorted":          func(s *estimator.Window) { s.Services = fakehistory.Named("b", "a") },
		"space at an end":     func(s *estimator.Window) { s.Services[0].Name = " a" },
		`"a/b" of a service`:  func(s *estimator.Window) { s.Services[0].Name = "a/b" },
		"want namespace/name": func(s *estimator.Window) { s.Services[0] = estimator.Service{Namespace: "a", Name: "b/c"} },
		"empty name":          func(s *estimator.Window) { s.Features[0] = "" },
	} {
		s := estimator.NewWindow(fakehistory.Named("a", "b"), []estimator.Feature{"x"}, 3, time.Second, time.Unix(0, 0))
		spoil(s)
		var out bytes.Buffer
		if err := Write(&out, s); err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("error %v, want %q and nothing written", err, want)
		}
	}
}

// Recordings of one namespace hold bare names, others full ones.
func TestSeriesOfSeveralNamespaces(t *testing.T) {
	s, err := Read(strings.NewReader("timestamp,service,x\n0,shop-2/a,1\n0,shop/b,2\n0,z,3\n30,shop/b,4\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]estimator.Service{{Name: "z"}, {Namespace: "shop", Name: "b"}, {Namespace: "shop-2", Name: "a"}}, s.Services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{3, 2, 1, nan, 4, nan}, s.Values, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func FuzzReadSeries(f *testing.F) {
	f.Add("timestamp,service,x,y\n0,a,1,2\n30,a,,4\n60,b,5,6\n")
	f.Add("timestamp,service,x\n2026-01-01T00:00:00.5Z,\"a,\"\"b\",1e3\n2026-01-01T00:00:01Z,c,\n")
	f.Add("timestamp,service,x\n1.5,a,1\n1e9,a,2\n-9000000000,a,3\n")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := Read(strings.NewReader(in))
		if err != nil {
			return
		}
		if err := Validate(s); err != nil {
			t.Fatalf("read a series that is not valid: %v", err)
		}
		var out bytes.Buffer
		if err := Write(&out, s); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&out)
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		if diff := cmp.Diff(s, again, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	})
}

func BenchmarkReadSeries(b *testing.B) {
	// 1e6 cells: 41 services with 5 features.
	s := fakehistory.Random(rand.New(rand.NewPCG(5, 6)), 1_000_000/(41*5), 41, 5)
	var out bytes.Buffer
	if err := Write(&out, s); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(out.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(out.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
