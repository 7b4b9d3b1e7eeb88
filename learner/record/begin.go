package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/learner/dataset"
)

// open opens the journal, or begins one.
func (r *recording) open(ctx context.Context) (err error) {
	if r.restart {
		if err := discard(r.partial()); err != nil {
			return fmt.Errorf("--restart: %w", err)
		}
	}
	if r.journal, err = openJournal(r.partial()); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	defer func() {
		if err != nil {
			r.journal.close()
		}
	}()
	flags := r.flags()
	switch {
	case r.journal.Version == 0:
		return r.begin(ctx, flags)
	case !maps.Equal(r.journal.Flags, flags):
		return fmt.Errorf("%s is an interrupted recording of other flags: %s; finish it with those, give another --out, or discard it with --restart",
			r.journal.path, differences(r.journal.Flags, flags))
	}
	if err := r.journal.check(len(r.features)); err != nil {
		return err
	}
	r.progress.say("going on with %s: %d of %d steps from %s to %s are there",
		r.journal.path, r.journal.done(), r.journal.Steps, r.at(0), r.at(r.journal.Steps-1))
	return nil
}

// free reports output that is in the way, or that has no folder to be in: late
// is the wrong time to find out.
func (r *recording) free() error {
	for _, path := range []string{r.out, r.graphOut} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fmt.Errorf("folder of %s: %w", path, err)
		}
		switch info, err := os.Stat(path); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case info.IsDir():
			return fmt.Errorf("%s is a folder", path)
		case !r.overwrite:
			return fmt.Errorf("%s exists: give another name, or --overwrite", path)
		}
	}
	return nil
}

// begin finds out what to record and writes it down. On failure nothing stays.
func (r *recording) begin(ctx context.Context, flags map[string]string) (err error) {
	defer func() {
		if err != nil {
			_ = os.Remove(r.journal.path) // the error says more
		}
	}()
	if err := r.free(); err != nil {
		return err
	}
	services := r.services
	if len(services) == 0 {
		if services, err = r.discover(ctx, r.span, r.retry); err != nil {
			return err
		}
		if err := r.writable(services); err != nil {
			return fmt.Errorf("services that the mesh knows: %w; name yours with --services", err)
		}
		r.progress.say("found %d services: %s", len(services), strings.Join(services, ", "))
	}
	if cells := r.span.steps * len(services) * len(r.features); cells > dataset.MaxCells {
		return fmt.Errorf("%d steps of %d services and %d features are %d values, of which a series may have %d: shorten the range or lengthen --step",
			r.span.steps, len(services), len(r.features), cells, dataset.MaxCells)
	}
	return r.journal.begin(header{Flags: flags, Services: services, First: r.span.first, Steps: r.span.steps})
}

// flagNames are the flags that rows depend on, in the order of their telling.
var flagNames = []string{
	"--prometheus-url", "--namespace", "--services", "--features", "--start", "--end", "--step",
	"--preset", "--rate-window", "the queries of --config", "--graph-out",
}

func (r *recording) flags() map[string]string {
	features := make([]string, len(r.features))
	for i, f := range r.features {
		features[i] = string(f)
	}
	var queries strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.telemetry.Queries)) {
		fmt.Fprintf(&queries, "%s: %s\n", name, r.telemetry.Queries[name])
	}
	values := []string{
		r.telemetry.Prometheus.URL, r.namespace, strings.Join(r.services, ","), strings.Join(features, ","), r.start, r.end, r.step.String(),
		r.telemetry.Preset, r.telemetry.RateWindow.String(), queries.String(), r.graphOut,
	}
	flags := make(map[string]string, len(values))
	for i, name := range flagNames {
		flags[name] = values[i]
	}
	return flags
}
