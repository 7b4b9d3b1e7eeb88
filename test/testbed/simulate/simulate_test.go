package simulate

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/internal/steady"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func engine(t *testing.T, rps float64) *simulation.Engine {
	t.Helper()
	e, _ := steady.Engine(t, "bookinfo", rps)
	return e
}

func options(duration time.Duration) Options {
	return Options{Duration: duration, Step: 30 * time.Second, Start: time.Unix(1000, 0)}
}

func run(t *testing.T, e *simulation.Engine, s Schedule) (rows [][]string, text string, result Result) {
	t.Helper()
	var out bytes.Buffer
	result, err := Run(context.Background(), e, s, &out, options(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	text = out.String()
	if rows, err = csv.NewReader(&out).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return rows, text, result
}

func schedule(t *testing.T, text string) Schedule {
	t.Helper()
	a, err := app.Load("bookinfo")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadCSV(strings.NewReader(text), a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTelemetry(t *testing.T) {
	rows, text, result := run(t, engine(t, 20), schedule(t, "second,service,replicas\n300,reviews,3\n"))
	if got := strings.Join(rows[0], ","); got != "timestamp,service,requests,latency,cpu,memory,replicas" {
		t.Errorf("the header is %s", got)
	}
	if len(rows) != 1+20*4 {
		t.Fatalf("%d rows for 20 steps of 4 services", len(rows)-1)
	}
	requests := 0.0
	for i, row := range rows[1:] {
		if want := strconv.Itoa(1000 + 30*(i/4+1)); row[0] != want {
			t.Errorf("row %d has the timestamp %s, want %s", i, row[0], want)
		}
		if row[1] == "reviews" {
			want := "1"
			if i/4 >= 10 {
				want = "3" // ready 10 s after second 300, within the step
			}
			if row[6] != want {
				t.Errorf("reviews has %s replicas at %s, want %s", row[6], row[0], want)
			}
		}
		for column := 2; column < 6; column++ {
			if v, err := strconv.ParseFloat(row[column], 64); err != nil || !(v > 0) {
				t.Errorf("row %d: %s is %q", i, rows[0][column], row[column])
			}
		}
		v, _ := strconv.ParseFloat(row[2], 64)
		requests += v * 30
	}
	if math.Abs(requests-float64(result.Calls)) > 1e-3*requests {
		t.Errorf("the rows hold %v calls, the result %d", requests, result.Calls)
	}
	if _, again, _ := run(t, engine(t, 20), schedule(t, "second,service,replicas\n300,reviews,3\n")); again != text {
		t.Error("the same seed and schedule give other bytes")
	}
}

// What cannot be measured is an empty cell, and never 0.
func TestMissingIsEmpty(t *testing.T) {
	rows, _, _ := run(t, engine(t, 0), schedule(t, "second,service,replicas\n0,ratings,0\n"))
	for _, row := range rows[1:] {
		if row[2] != "0" || row[3] != "" {
			t.Errorf("%s without load has %s requests/s and the latency %q, want 0 and none", row[1], row[2], row[3])
		}
		if row[1] == "ratings" && (row[4] != "" || row[5] != "" || row[6] != "0") {
			t.Errorf("ratings without pods has cpu %q, memory %q and %s replicas", row[4], row[5], row[6])
		}
	}
}

// The call graph is that of the description.
func TestWriteGraph(t *testing.T) {
	e := engine(t, 50)
	e.Run(2000)
	var out bytes.Buffer
	if err := WriteGraph(e, &out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	// A page calls details and reviews once, and every review its ratings.
	want := map[string]float64{"productpage details": 1, "productpage reviews": 1, "reviews ratings": 1}
	if len(rows) != 1+len(want) || strings.Join(rows[0], ",") != "source,destination,weight" {
		t.Fatalf("rows %q", rows)
	}
	for _, row := range rows[1:] {
		got, err := strconv.ParseFloat(row[2], 64)
		if err != nil || math.Abs(got-want[row[0]+" "+row[1]]) > 0.01 {
			t.Errorf("%q, want the weight %v", row, want[row[0]+" "+row[1]])
		}
	}
}

func TestRunStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := Options{Duration: 1000 * time.Hour, Step: 1000 * time.Hour}
	done := make(chan error, 1)
	e, fixed := engine(t, 50), schedule(t, "second,service,replicas\n")
	go func() {
		_, err := Run(ctx, e, fixed, new(bytes.Buffer), o)
		done <- err
	}()
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("have %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("a run of one long step goes on after it was cancelled")
	}
}

func TestWalkStaysWithinBounds(t *testing.T) {
	a, err := app.Load("bookinfo")
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWalk(a, 1, 2, 5, 60)
	if err != nil {
		t.Fatal(err)
	}
	changes, last := 0, 0
	for second := 0.0; second < 60000; second += 30 {
		for _, n := range w.Replicas(second) {
			if n < 2 || n > 5 {
				t.Fatalf("%d replicas, want 2 to 5", n)
			}
		}
		if n := w.Replicas(second)[0]; n != last {
			changes, last = changes+1, n
		}
	}
	if changes < 100 {
		t.Errorf("%d changes in 1000 periods", changes)
	}
	if _, err := NewWalk(a, 1, 5, 2, 60); err == nil {
		t.Error("bounds the wrong way round were accepted")
	}
}

func FuzzReadCSV(f *testing.F) {
	a, err := app.Load("bookinfo")
	if err != nil {
		f.Fatal(err)
	}
	for _, doc := range []string{
		"second,service,replicas\n0,reviews,2\n60,ratings,0\n", "second,service,replicas\n", "",
		"second,service,replicas\n1,reviews,2\n0,reviews,1\n", "second,service,replicas\n0,nobody,2\n", "second,service,replicas\nNaN,reviews,-1\n",
	} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		s, err := ReadCSV(strings.NewReader(doc), a)
		if err != nil {
			return
		}
		for _, n := range s.Replicas(math.Inf(1)) {
			if n < 0 || n > maxReplicas {
				t.Errorf("%d replicas were accepted", n)
			}
		}
	})
}
