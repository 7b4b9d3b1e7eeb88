package workload

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("second,rps\n0,10\n60,30\n119,30\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := part(t, path, Span{Seed: 1, From: 30 * time.Second, Duration: 2 * time.Minute})
	if l.Profile[0] != 10 || l.Profile[30] != 30 || l.Profile[119] != 10 {
		t.Errorf("the load of the file is %v", l.Profile)
	}
	if m := part(t, path+":relative=1", Span{Duration: 2 * time.Minute}).Mean(); math.Abs(m-100) > 1e-9 {
		t.Errorf("the relative mean is %v, want the base of 100", m)
	}
	if m := part(t, path+":scale=2", Span{Duration: 2 * time.Minute}).Profile; slices.Max(m) != 60 {
		t.Errorf("the scaled peak is %v, want 60", slices.Max(m))
	}
	g := generator(t, path)
	minute := func(from int) Span {
		return Span{Seed: uint64(from), From: time.Duration(from) * time.Second, Duration: time.Minute}
	}
	for from, apart := range map[int]bool{0: false, 60: true, 59: false, 61: false, 120: false, 180: true} {
		if err := g.CheckApart(minute(0), minute(from)); (err == nil) != apart {
			t.Errorf("the minutes from 0 s and %d s: %v", from, err)
		}
	}
	users := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(users, []byte("second,users\n0,500\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(users); err == nil {
		t.Error("users without a session were accepted")
	}
	if m := part(t, users+":session=shopper", Span{Duration: time.Hour}).Mean(); m < 5 || m > 50 {
		t.Errorf("500 users make %v requests/s with pauses of 15 s to 90 s", m)
	}
}

func TestCheckApart(t *testing.T) {
	g := generator(t, "day")
	day := func(seed uint64, n int) Span {
		return Span{Seed: seed, From: time.Duration(n) * g.Period(), Duration: g.Period()}
	}
	for _, c := range []struct {
		train, test Span
		apart       bool
	}{
		{day(1, 0), day(1, 0), false}, {day(1, 0), day(1, 1), true}, {day(1, 0), day(2, 0), true},
		{Span{Seed: 1, Duration: 7 * g.Period()}, day(1, 6), false}, {Span{Seed: 1, Duration: 7 * g.Period()}, day(1, 7), true},
	} {
		if err := g.CheckApart(c.train, c.test); (err == nil) != c.apart {
			t.Errorf("%v and %v: %v", c.train, c.test, err)
		}
	}
}

// What is learned from is never what is tested on, and enough.
func TestTraining(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("second,rps\n0,10\n7199,30\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]time.Duration{"day": 14 * time.Hour, "bursts": 8 * time.Hour, "sequence": 8 * time.Hour, path: 90 * time.Minute} {
		g := generator(t, text)
		test := Span{Seed: 3, From: 10 * time.Minute, Duration: 30 * time.Minute}
		train, err := g.Training(test)
		if err != nil || train.Duration != want {
			t.Errorf("%s: learn from %v (%v), want %v", text, train.Duration, err, want)
		}
		if err := g.CheckApart(train, test); err != nil {
			t.Error(err)
		}
	}
	if _, err := generator(t, path).Training(Span{Duration: 61 * time.Minute}); err == nil {
		t.Error("a file is learned from that is too short")
	}
}
