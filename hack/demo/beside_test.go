package main

import (
	"strings"
	"testing"
	"time"
)

// The demo ends with what the stock HPA makes of the same load, unless that was too short
// to say anything.
func TestBeside(t *testing.T) {
	var out strings.Builder
	if err := defaults().beside(t.Context(), 63*time.Second, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1m0s of the load burst", "stock HPA, 60 % CPU", "DeepScaler"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
	t.Log(out.String())
	out.Reset()
	if err := defaults().beside(t.Context(), 59*time.Second, &out); err != nil || out.Len() > 0 {
		t.Errorf("after less than a minute: %v, %s", err, out.String())
	}
}
