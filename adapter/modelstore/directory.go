package modelstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// directory is the shelf of files on a volume that all replicas share, for models
// that do not fit into a ConfigMap. It is read once per step.
type directory struct {
	path   string
	limits artifact.Limits
}

var _ shelf = (*directory)(nil)

const extension = ".safetensors"

func (d *directory) run(ctx context.Context, changed func()) {
	changed()
	<-ctx.Done()
}

func (d *directory) synced() bool { return true }

func (d *directory) offers() (found []offer, problems []error) {
	folders, err := os.ReadDir(d.path)
	if err != nil {
		return nil, []error{fmt.Errorf("models.directory: %w", err)}
	}
	for _, folder := range folders {
		if !folder.IsDir() || strings.HasPrefix(folder.Name(), ".") {
			continue
		}
		files, err := os.ReadDir(filepath.Join(d.path, folder.Name()))
		if err != nil {
			problems = append(problems, fmt.Errorf("models.directory: %w", err))
			continue
		}
		for _, f := range files {
			// Names of unfinished files begin with a dot.
			if filepath.Ext(f.Name()) != extension || strings.HasPrefix(f.Name(), ".") {
				continue
			}
			o, err := fileOffer(folder.Name(), f.Name())
			if err != nil {
				problems = append(problems, fmt.Errorf("models.directory: %w", err))
				continue
			}
			found = append(found, o)
		}
	}
	return found, problems
}

// fileOffer reads the metadata in the path of a model.
func fileOffer(folder, file string) (offer, error) {
	o := offer{name: filepath.Join(folder, file)}
	from, hash, _ := strings.Cut(strings.TrimSuffix(file, extension), "-")
	seconds, err := strconv.ParseInt(from, 10, 64)
	if err != nil || hash == "" {
		return o, fmt.Errorf("%s is not called <seconds since the epoch>-<hash>%s", o.name, extension)
	}
	if o.application, err = url.PathUnescape(folder); err != nil {
		return o, fmt.Errorf("folder %s names no application: %w", folder, err)
	}
	o.hash, o.from = hash, []time.Time{time.Unix(seconds, 0)}
	return o, nil
}

func (d *directory) model(_ context.Context, o offer) (*artifact.Model, error) {
	m, err := d.limits.ReadFile(filepath.Join(d.path, o.name))
	if errors.As(err, new(*fs.PathError)) {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	return m, err
}

func (d *directory) publish(_ context.Context, o offer, m *artifact.Model, _ *exchange.Report) error {
	folder, err := exchange.FileName(o.application)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(d.path, folder), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	name := fmt.Sprintf("%d-%s%s", o.newest().Unix(), o.hash, extension)
	return artifact.WriteFile(filepath.Join(d.path, folder, name), m)
}

func (d *directory) remove(_ context.Context, o offer) error {
	return os.Remove(filepath.Join(d.path, o.name))
}
