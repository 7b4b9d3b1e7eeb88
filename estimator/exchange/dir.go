package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// Dir is the path of the folder. It must exist; its content is created as needed.
type Dir string

// The folders in it.
const (
	models  = "models"
	serving = "serving"
)

// maxJSON bounds a JSON file: a thousand services take a tenth of it.
const maxJSON = 4 << 20

// WriteList writes the list of applications for the learner. An invalid list is
// an error, and the old one stays.
func (d Dir) WriteList(l *List) error {
	l.Version = Version
	if err := l.Validate(); err != nil {
		return fmt.Errorf("write the list of applications: %w", err)
	}
	return writeJSON(d.list(), l)
}

// ReadList returns the adapter's list of applications.
func (d Dir) ReadList() (*List, error) {
	l := new(List)
	if err := readJSON(d.list(), l, l.Validate); err != nil {
		return nil, fmt.Errorf("read the list of applications: %w", err)
	}
	return l, nil
}

// WriteReport writes the report on a training for the adapter. If the model is
// published, call [Dir.WriteModel] first.
func (d Dir) WriteReport(r *Report) error {
	r.Version = Version
	if err := r.Validate(); err != nil {
		return fmt.Errorf("write the report on a model: %w", err)
	}
	path, err := d.make(models, r.Application, ".json")
	if err != nil {
		return err
	}
	return writeJSON(path, r)
}

// ReadReport returns the report on an application's last training.
func (d Dir) ReadReport(application string) (*Report, error) {
	path, err := d.path(models, application, ".json")
	if err != nil {
		return nil, err
	}
	r := new(Report)
	err = readJSON(path, r, r.Validate)
	if err == nil && r.Application != application {
		err = fmt.Errorf("%s is about application %q", path, r.Application)
	}
	if err != nil {
		return nil, fmt.Errorf("read the report on a model: %w", err)
	}
	return r, nil
}

// WriteModel writes a model that has passed the gate for the adapter.
func (d Dir) WriteModel(application string, m *artifact.Model) error {
	return d.writeModel(models, application, m)
}

// ReadModel returns the last model that has passed the gate.
func (d Dir) ReadModel(application string, l artifact.Limits) (*artifact.Model, error) {
	return d.readModel(models, application, l)
}

// WriteServing writes the serving model for the learner; nil for none.
func (d Dir) WriteServing(application string, m *artifact.Model) error {
	if m != nil {
		return d.writeModel(serving, application, m)
	}
	path, err := d.path(serving, application, ".safetensors")
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ReadServing returns the model that serves. Its hash is [Application.Serving],
// unless that has changed since the list was read.
func (d Dir) ReadServing(application string, l artifact.Limits) (*artifact.Model, error) {
	return d.readModel(serving, application, l)
}

// Sweep removes what writers on the learner's side left unfinished when they were killed.
// The learner calls it before it writes.
func (d Dir) Sweep() error {
	var errs []error
	for _, pattern := range []string{filepath.Join(models, ".*.tmp-*"), "." + status + ".tmp-*", metrics + "?*"} {
		left, err := filepath.Glob(filepath.Join(string(d), pattern))
		errs = append(errs, err)
		for _, path := range left {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

func (d Dir) list() string { return filepath.Join(string(d), "applications.json") }

func (d Dir) path(folder, application, extension string) (string, error) {
	name, err := FileName(application)
	if err != nil {
		return "", err
	}
	return filepath.Join(string(d), folder, name+extension), nil
}

// make returns a path in an existing folder. It does not create the exchange
// itself: without its volume nothing would read it.
func (d Dir) make(folder, application, extension string) (string, error) {
	if err := os.Mkdir(filepath.Join(string(d), folder), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return d.path(folder, application, extension)
}

func (d Dir) writeModel(folder, application string, m *artifact.Model) error {
	path, err := d.make(folder, application, ".safetensors")
	if err != nil {
		return err
	}
	return artifact.WriteFile(path, m)
}

func (d Dir) readModel(folder, application string, l artifact.Limits) (*artifact.Model, error) {
	path, err := d.path(folder, application, ".safetensors")
	if err != nil {
		return nil, err
	}
	return l.ReadFile(path)
}

func writeJSON(path string, v any) error {
	encoded, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return artifact.Replace(path, func(w io.Writer) error {
		_, err := w.Write(append(encoded, '\n'))
		return err
	})
}

func readJSON(path string, v any, validate func() error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxJSON+1))
	if err != nil {
		return err
	}
	if err := decode(content, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := validate(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// decode checks the version first, so that the file of a newer build does not
// count as malformed.
func decode(content []byte, v any) error {
	if len(content) > maxJSON {
		return fmt.Errorf("it has more than %d bytes", maxJSON)
	}
	var probe struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(content, &probe); err != nil {
		return err
	}
	if probe.Version != Version {
		return fmt.Errorf("it has version %d, this build reads %d: run adapter and learner of the same version", probe.Version, Version)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows after its end")
	}
	return nil
}
