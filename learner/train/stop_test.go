package train_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/learner/train"
)

// stopper ends a context when the terminal shows the first epoch.
type stopper struct {
	bytes.Buffer
	stop func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "policy 1:") {
		s.stop()
	}
	return s.Buffer.Write(p)
}

func TestStoppedTrainingLeavesTheOldModel(t *testing.T) {
	for name, old := range map[string]string{"old": "a model that was there", "none": ""} {
		t.Run(name, func(t *testing.T) {
			o := quick(t)
			if old != "" {
				write(t, o.Out, old)
			}
			before := files(t, filepath.Dir(o.Out))
			ctx, stop := context.WithCancel(t.Context())
			out := &stopper{stop: stop}
			c, err := o.Config(train.Terminal{Out: out, Result: out, Width: 80, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Run(ctx)
			want := map[string]string{"old": o.Out + " is as it was", "none": "nothing was written"}[name]
			if !errors.Is(err, context.Canceled) || !strings.Contains(fmt.Sprint(err), "interrupted after 1 of 3 epochs, "+want) {
				t.Errorf("error %v, want it to say %q", err, want)
			}
			if !strings.HasSuffix(out.String(), "\n") {
				t.Errorf("the error will follow the bar in its line: %q", out)
			}
			if after := files(t, filepath.Dir(o.Out)); after != before {
				t.Errorf("files were\n%s\nand are\n%s", before, after)
			}
		})
	}
}

// files returns the names and contents of a folder.
func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s: %d bytes %.40q\n", e.Name(), len(text), text)
	}
	return out.String()
}

func TestProgressOnATerminalStaysInItsLine(t *testing.T) {
	_, shown, err := run(t, quick(t), 40)
	if err != nil {
		t.Fatal(err)
	}
	bars := strings.Split(shown, "\r\x1b[K")[1:]
	if len(bars) != 3 {
		t.Fatalf("%d bars for 3 epochs:\n%q", len(bars), shown)
	}
	for i, bar := range bars {
		line, _, _ := strings.Cut(bar, "\n")
		if len(line) > 39 || !strings.HasPrefix(line, "[###") || i < 2 && line != bar {
			t.Errorf("bar %q in 40 columns", bar)
		}
	}
}
