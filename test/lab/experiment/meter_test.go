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
	now = now.Add(time.Minute)
	m.Done(100)
	m.Skip(100)
	now = now.Add(time.Minute)
	m.Done(100)
	if want := "25 % done, about 3m0s left\n67 % done, about 1m0s left\n"; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
	var none *Meter
	none.Done(1)
}
