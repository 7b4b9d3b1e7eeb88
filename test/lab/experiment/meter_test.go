package experiment

import (
	"strings"
	"testing"
	"time"
)

// A quarter of the work took a minute, so the rest takes three; work that need not be done
// takes none.
func TestMeter(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	m := NewMeter(&out, func() time.Time { return now })
	m.Expect(400)
	m.Done(10)
	now = now.Add(time.Minute)
	m.Done(90)
	m.Done(1)
	m.Skip(101)
	now = now.Add(time.Minute)
	m.Done(99)
	want := "25 % done, about 3m0s left\n67 % done, about 1m0s left\n"
	if strings.ReplaceAll(out.String(), "0m59s", "1m0s") != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
	var none *Meter
	none.Done(1)
}
