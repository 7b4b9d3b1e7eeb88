package record

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/dataset"
)

// finish makes the output of a complete journal and removes that. Both files are
// complete before the first gets its name; a crash in between leaves the journal
// and is repaired by the next run.
func (r *recording) finish(ctx context.Context) error {
	var outputs []*output
	defer func() {
		for _, o := range outputs {
			o.abandon()
		}
	}()
	write := func(path string, content func(io.Writer) error) error {
		o, err := newOutput(path, content)
		if err == nil {
			outputs = append(outputs, o)
		}
		return err
	}

	if r.graphOut != "" {
		edges, err := r.graph(ctx)
		if err != nil {
			return err
		}
		if err := write(r.graphOut, func(w io.Writer) error {
			services, err := estimator.ParseServices(r.journal.Services)
			if err != nil {
				return err
			}
			return dataset.WriteGraph(w, services, edges)
		}); err != nil {
			return err
		}
		r.edges = len(edges)
	}
	if err := write(r.out, func(w io.Writer) error { return r.series(ctx, w) }); err != nil {
		return err
	}
	for _, o := range outputs {
		if err := o.commit(); err != nil {
			return err
		}
	}
	return os.Remove(r.journal.path)
}

// graph returns the edges over the whole range.
func (r *recording) graph(ctx context.Context) ([]estimator.Edge, error) {
	mesh := calls{}
	for _, c := range r.journal.chunks {
		mesh.add(c.Calls, c.Steps)
	}
	traced, err := r.reader.traced(ctx, r.journal.span())
	if err != nil {
		return nil, err
	}
	return edges(mesh, traced), nil
}

func (r *recording) series(ctx context.Context, w io.Writer) error {
	if compressed(r.out) {
		z := gzip.NewWriter(w)
		if err := r.plain(ctx, z); err != nil {
			return err
		}
		return z.Close()
	}
	return r.plain(ctx, w)
}

func (r *recording) plain(ctx context.Context, w io.Writer) error {
	head, _, err := encode(estimator.NewWindow(r.reader.services, r.features, 1, r.step, r.time(0)))
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	return r.journal.rows(ctx, w)
}

// output is a file that is complete under another name.
type output struct{ temporary, path string }

func newOutput(path string, content func(io.Writer) error) (_ *output, err error) {
	o := &output{temporary: path + ".tmp", path: path}
	f, err := os.OpenFile(o.temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() {
		f.Close()
		if err != nil {
			o.abandon()
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := content(f); err != nil {
		return nil, err
	}
	return o, f.Sync()
}

func (o *output) commit() error {
	if err := os.Rename(o.temporary, o.path); err != nil {
		return err
	}
	o.temporary = ""
	return syncFolder(o.path)
}

// abandon removes what was not committed.
func (o *output) abandon() {
	if o.temporary != "" {
		_ = os.Remove(o.temporary) // nothing is lost if it stays
	}
}
