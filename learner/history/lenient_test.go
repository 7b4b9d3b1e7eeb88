package history

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// jittered is CSV of a service whose timestamps miss multiples of the step by the
// given numbers of milliseconds in turn.
func jittered(step time.Duration, start int64, off ...int) string {
	var b strings.Builder
	b.WriteString("timestamp,service,requests\n")
	for i := range 400 {
		ms := start*1000 + int64(i)*step.Milliseconds() + int64(off[i%len(off)])
		fmt.Fprintf(&b, "%d.%03d,web,%d\n", ms/1000, ms%1000, i)
	}
	return b.String()
}

func TestTimestampsThatJitter(t *testing.T) {
	const noon = 1774742400
	for name, tc := range map[string]struct {
		in    string
		step  time.Duration
		start int64
		err   string
	}{
		"scrapes":              {jittered(30*time.Second, noon, -2, 2, 1, 0, -1), 30 * time.Second, noon, ""},
		"up to a tenth":        {jittered(30*time.Second, noon, 0, 2900, -2900, 1300), 30 * time.Second, noon, ""},
		"off the minute":       {jittered(30*time.Second, noon+11, 1, -1, 2, 0, 3), 30 * time.Second, noon + 11, ""},
		"every minute":         {jittered(time.Minute, noon, 80, -70, 30), time.Minute, noon, ""},
		"beyond a tenth":       {jittered(30*time.Second, noon, 0, 0, 1, -1, 0, 7000, 2), 0, 0, "the median distance is 30s, and the largest deviation from a grid of 30s is 7s: round the timestamps to a multiple of 30s"},
		"two rows in one step": {jittered(30*time.Second, noon, 0, 1, 2) + "1774742401.5,web,1\n", 0, 0, `service "web" already has a row`},
	} {
		t.Run(name, func(t *testing.T) {
			var notes []string
			w, err := Read(strings.NewReader(tc.in), func(note string) { notes = append(notes, note) })
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if w.Step != tc.step || w.Steps != 400 || w.Time(0).UnixNano()/1e9 != tc.start || w.Time(0).Nanosecond() > 3e6 {
				t.Errorf("%d steps of %v from %v", w.Steps, w.Step, w.Time(0))
			}
			for i := range w.Steps {
				if w.At(0, i, 0) != float64(i) {
					t.Fatalf("step %d holds %v", i, w.At(0, i, 0))
				}
			}
			if len(notes) != 1 || !strings.Contains(notes[0], "moved onto it") {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

func TestTimestampsOfOthers(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-29 00:00:00+00:00":        "2026-03-29T00:00:00Z",
		"2026-03-29 02:00:00.250000+02:00": "2026-03-29T00:00:00.25Z",
		"1774742400000":                    "is it in milliseconds?",
		"1774742400000000000":              "is it in micro- or nanoseconds?",
		"2026-03-29 00:00:00":              "lacks its time zone",
	} {
		ns, err := parseTimestamp(text)
		got := time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestUnitsThatAreProbablyOthers(t *testing.T) {
	for name, tc := range map[string]struct {
		row  string
		want string
	}{
		"as they should be":    {"0.05,0.6,100", ""},
		"latency in ms":        {"50,0.6,100", "the median of latency is 50, want seconds; is it milliseconds?"},
		"cpu in percent":       {"0.05,60,100", "the median of cpu is 60, want used ÷ limit; is it percent or millicores?"},
		"requests of any size": {"0.05,0.6,100000", ""},
		"requests below 0":     {"0.05,0.6,-123456", "400 values of requests are negative and count as missing"},
	} {
		t.Run(name, func(t *testing.T) {
			in := "timestamp,service,latency,cpu,requests\n"
			for i := range 400 {
				in += fmt.Sprintf("%d,web,%s\n", 30*i, tc.row)
			}
			var notes []string
			w, err := Read(strings.NewReader(in), func(note string) { notes = append(notes, note) })
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(notes, "; "); got != tc.want {
				t.Errorf("noted %q, want %q", got, tc.want)
			}
			if requests := w.At(0, 0, w.Channel(estimator.Requests)); math.IsNaN(requests) != strings.Contains(tc.row, "-") {
				t.Errorf("requests are %v", requests)
			}
		})
	}
	own := "timestamp,service,temperature\n0,web,-5\n30,web,-6\n"
	if w, err := Read(strings.NewReader(own)); err != nil || w.At(0, 0, 0) != -5 {
		t.Errorf("a feature of one's own is %v, %v", w, err)
	}
}

func TestUTF16IsNamed(t *testing.T) {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if _, err := Read(strings.NewReader(mark + "t\x00i\x00")); err == nil || !strings.Contains(err.Error(), "UTF-16") {
			t.Errorf("error %v", err)
		}
	}
}
