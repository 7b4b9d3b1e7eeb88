package dataset

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var nan = math.NaN()

func TestReadSeries(t *testing.T) {
	start := time.Unix(1767225600, 0).UTC() // 2026-01-01T00:00:00Z
	two := func(values ...float64) *Series {
		return &Series{Services: []string{"a", "b"}, Features: []string{"x", "y"}, Start: start, Step: 30 * time.Second, Values: values}
	}
	for _, tc := range []struct {
		name, in string
		want     *Series
	}{
		{"by time", "timestamp,service,x,y\n1767225600,b,3,4\n1767225600,a,1,2\n1767225630,a,5,6\n1767225630,b,7,8\n", two(1, 2, 3, 4, 5, 6, 7, 8)},
		{"by service", "timestamp,service,x,y\n1767225600,a,1,2\n1767225630,a,5,6\n1767225600,b,3,4\n1767225630,b,7,8\n", two(1, 2, 3, 4, 5, 6, 7, 8)},
		{"newest first", "timestamp,service,x,y\n1767225630,b,7,8\n1767225630,a,5,6\n1767225600,b,3,4\n1767225600,a,1,2", two(1, 2, 3, 4, 5, 6, 7, 8)},
		{"RFC 3339 with zones", "timestamp,service,x,y\n2026-01-01T01:00:00+01:00,a,1,2\n2026-01-01T00:00:30Z,b,7,8\n", two(1, 2, nan, nan, nan, nan, 7, 8)},
		{"missing cells and rows", "timestamp,service,x,y\n1767225600,a,,2\n1767225630,b,7,NaN\n1767225660,a,9,\n", two(nan, 2, nan, nan, nan, nan, 7, nan, 9, nan, nan, nan)},
		{"missing step", "timestamp,service,x,y\n1767225600,a,1,2\n1767225630,a,3,4\n1767225690,b,5,6\n", two(1, 2, nan, nan, 3, 4, nan, nan, nan, nan, nan, nan, nan, nan, 5, 6)},
		{"blank lines, spaces, quotes, CR LF, BOM", "\ufefftimestamp, \"service\" ,x,y\r\n\r\n 1767225600 , a , 1 ,\"2\"\r\n1767225630,\"b\",7,8\r\n", two(1, 2, nan, nan, nan, nan, 7, 8)},
		{"comma and quote in names", "timestamp,service,\"x,\"\"y\"\"\"\n0.5,\"a,b\",1\n1.25,\"a,b\",2\n", &Series{
			Services: []string{"a,b"}, Features: []string{`x,"y"`}, Start: time.Unix(0, 5e8).UTC(), Step: 750 * time.Millisecond, Values: []float64{1, 2},
		}},
		{"before 1970, exponents", "timestamp,service,x\n-1e1,a,1e-3\n-5,a,-2E+2\n", &Series{
			Services: []string{"a"}, Features: []string{"x"}, Start: time.Unix(-10, 0).UTC(), Step: 5 * time.Second, Values: []float64{1e-3, -200},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ReadSeries(strings.NewReader(tc.in))
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
		{"no header", "0,a,1,2\n", `line 1: the header begins with "0,a,1", want timestamp,service`},
		{"columns swapped", "service,timestamp,x\n", `line 1: the header begins with "service,timestamp,x"`},
		{"no features", "timestamp,service\n", "at least one feature"},
		{"feature twice", "timestamp,service,x,x\n", `line 1: the header names "x" twice`},
		{"reserved feature", "timestamp,service,x,service\n", `line 1: the header names "service" twice`},
		{"feature without name", "timestamp,service,x,\n", "line 1: a feature has an empty name"},
		{"too many features", "timestamp,service" + strings.Repeat(",f", MaxFeatures+1) + "\n", "names 1025 features, want at most 1024"},
		{"cell too few", header + "0,a,1\n", "line 2: 3 cells, but the header has 4"},
		{"cell too many", header + "0,a,1,2,3\n", "line 2: 5 cells, but the header has 4"},
		{"not a number", header + "0,a,1,2\n30,a,1,much\n", `line 3: y is "much", want a number`},
		{"infinite", header + "0,a,+Inf,2\n", `line 2: x is "+Inf", want a finite number`},
		{"out of range", header + "0,a,1,-1e999\n", `line 2: y is "-1e999", want a finite number`},
		{"no service", header + "0,,1,2\n", "line 2: a service has an empty name"},
		{"unprintable service", header + "0,a\x00b,1,2\n", "line 2: the name \"a\\x00b\" of a service is not printable"},
		{"timestamp", header + "yesterday,a,1,2\n", `line 2: timestamp is "yesterday", want RFC 3339`},
		{"infinite timestamp", header + "Inf,a,1,2\n", `line 2: timestamp is "Inf"`},
		{"milliseconds", header + "1767225600000,a,1,2\n", "want RFC 3339 such as 2026-01-31T12:00:00Z, or Unix seconds"},
		{"year 9999", header + "9999-01-01T00:00:00Z,a,1,2\n", "from 1824 to 2116"},
		{"local time", header + "2026-01-01T00:00:00,a,1,2\n", "line 2: timestamp is"},
		{"duplicate", header + "0,a,1,2\n30,a,1,2\n1970-01-01T00:00:00Z,a,1,2\n", `line 4: service "a" already has a row for 1970-01-01T00:00:00Z, at line 2`},
		{"late", regular + "915,a,1,2\n", "line 32: timestamp 1970-01-01T00:15:15Z is 45s after the previous one, the step is 30s"},
		{"between", regular + "45,a,1,2\n", "line 32: timestamp 1970-01-01T00:00:45Z is 15s after the previous one, the step is 30s"},
		{"years between", header + "0,a,1,2\n1,a,1,2\n2000000000,a,1,2\n", "line 4: timestamp 2033-05-18T03:33:20Z is 555555h33m19s after the previous one; at a step of 1s"},
		{"days between", header + "0,a,1,2\n1,a,1,2\n9000000,a,1,2\n", "9000001 steps (1970-01-01T00:00:00Z to 1970-04-15T04:00:00Z) of 1 services and 2 features are more than"},
		{"nanoseconds", header + "-4600000000,a,1,2\n-4599999999.999999999,a,1,2\n4600000000,a,1,2\n", "too far apart"},
		{"open quote", header + "0,\"a,1,2\n30,a,1,2\n", "line 2: a quoted cell does not end on its line"},
		{"stray quote", header + "0,a\"b,1,2\n", `line 2: a quote inside the cell`},
		{"after a quote", header + "0,\"a\"b,1,2\n", `line 2: "b,1,2" follows a quoted cell`},
		{"long line", header + strings.Repeat("0", maxLine+1), "line 2 is longer than 1048576 bytes"},
		{"long name", header + "0," + strings.Repeat("n", maxName+1) + ",1,2\n", "line 2: the name of a service has 513 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ReadSeries(strings.NewReader(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// randomSeries has about one value in ten missing.
func randomSeries(r *rand.Rand, steps, services, features int) *Series {
	s := &Series{Start: time.Unix(1767225600, 250e6).UTC(), Step: 30 * time.Second, Values: make([]float64, steps*services*features)}
	for n := range services {
		s.Services = append(s.Services, fmt.Sprintf("shop/service-%04d", n))
	}
	for c := range features {
		s.Features = append(s.Features, fmt.Sprintf("feature %d", c))
	}
	for i := range s.Values {
		s.Values[i] = r.NormFloat64() * math.Pow(10, float64(r.IntN(30)-15))
		if r.IntN(10) == 0 {
			s.Values[i] = nan
		}
	}
	return s
}

func TestSeriesRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][3]int{{2, 1, 1}, {50, 207, 1}, {60, 41, 5}, {7, 3, 2}} {
		s := randomSeries(r, shape[0], shape[1], shape[2])
		// An edge step without any value must come back as well.
		for i := range shape[1] * shape[2] {
			s.Values[i] = nan
		}
		var out bytes.Buffer
		if err := WriteSeries(&out, s); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSeries(&out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", shape, diff)
		}
	}
}

func TestReadSeriesFile(t *testing.T) {
	s := randomSeries(rand.New(rand.NewPCG(3, 4)), 5, 2, 2)
	var plain, packed bytes.Buffer
	if err := WriteSeries(&plain, s); err != nil {
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
		got, err := ReadSeriesFile(path)
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
	if _, err := ReadSeriesFile(cut); err == nil || !strings.Contains(err.Error(), "cut.csv.gz") || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("a file that is cut off: error %v, want one that names it and says so", err)
	}
	if _, err := ReadSeriesFile(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("no file: error %v, want that it does not exist", err)
	}
}

func TestSeriesSelect(t *testing.T) {
	s := &Series{Services: []string{"a", "b"}, Features: []string{"x", "y", "z"}, Step: time.Second, Values: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	got, err := s.Select([]string{"z", "x"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{3, 1, 6, 4, 9, 7, 12, 10}, got.Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	for _, tc := range []struct {
		features []string
		want     string
	}{
		{[]string{"x", "w"}, `no feature "w"; its features are x, y, z`},
		{[]string{"x", "x"}, `feature "x" is asked for twice`},
	} {
		if _, err := s.Select(tc.features); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: error %v, want one with %q", tc.features, err, tc.want)
		}
	}
	if part := s.Slice(Range{1, 2}); part.Steps() != 1 || part.At(0, 1, 2) != 12 || !part.Start.Equal(s.Time(1)) {
		t.Errorf("slice is %+v, want the second step", part)
	}
	if s.Service("b") != 1 || s.Service("c") != -1 {
		t.Errorf("services b and c are %d and %d, want 1 and -1", s.Service("b"), s.Service("c"))
	}
}

func TestSeriesValidate(t *testing.T) {
	good := func() *Series { return NewSeries([]string{"a", "b"}, []string{"x"}, time.Time{}, time.Second, 3) }
	for _, tc := range []struct {
		name  string
		spoil func(*Series)
		want  string
	}{
		{"good", func(*Series) {}, ""},
		{"services", func(s *Series) { s.Services = nil }, "no services"},
		{"features", func(s *Series) { s.Features = nil }, "no features"},
		{"step", func(s *Series) { s.Step = 0 }, "step 0s"},
		{"values", func(s *Series) { s.Values = s.Values[1:] }, "has 5 values"},
		{"order", func(s *Series) { s.Services = []string{"b", "a"} }, "not sorted"},
		{"same feature", func(s *Series) { s.Features = []string{"x", "x"}; s.Values = s.Values[:4] }, `"x" occurs twice`},
		{"infinite", func(s *Series) { s.Set(1, 1, 0, math.Inf(1)) }, `x of service "b" at step 1 is +Inf`},
		{"space", func(s *Series) { s.Services[0] = " a" }, "space at an end"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := good()
			tc.spoil(s)
			err := s.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if (WriteSeries(&bytes.Buffer{}, s) == nil) != (err == nil) {
				t.Errorf("a series that is not valid was written")
			}
		})
	}
}

func FuzzReadSeries(f *testing.F) {
	f.Add("timestamp,service,x,y\n0,a,1,2\n30,a,,4\n60,b,5,6\n")
	f.Add("timestamp,service,x\n2026-01-01T00:00:00.5Z,\"a,\"\"b\",1e3\n2026-01-01T00:00:01Z,c,\n")
	f.Add("timestamp,service,x\n1.5,a,1\n1e9,a,2\n-9000000000,a,3\n")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ReadSeries(strings.NewReader(in))
		if err != nil {
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatalf("read a series that is not valid: %v", err)
		}
		var out bytes.Buffer
		if err := WriteSeries(&out, s); err != nil {
			t.Fatal(err)
		}
		again, err := ReadSeries(&out)
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
	s := randomSeries(rand.New(rand.NewPCG(5, 6)), 1_000_000/(41*5), 41, 5)
	var out bytes.Buffer
	if err := WriteSeries(&out, s); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(out.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadSeries(bytes.NewReader(out.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
