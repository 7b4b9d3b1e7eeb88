package app

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed builtin/*.yaml
var builtin embed.FS

// Builtin returns the names of the applications that come with the testbed:
// bookinfo, online-boutique and train-ticket.
func Builtin() []string {
	entries, err := builtin.ReadDir("builtin")
	if err != nil {
		return nil // cannot happen: the folder is part of the binary
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Load reads an application: one of [Builtin] by its name, else the file of that
// path.
func Load(nameOrPath string) (*Application, error) {
	data, err := Source(nameOrPath)
	if err != nil {
		return nil, err
	}
	a, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("application %s: %w", nameOrPath, err)
	}
	return a, nil
}

// Source returns the YAML of an application, found as by [Load].
func Source(nameOrPath string) ([]byte, error) {
	if slices.Contains(Builtin(), nameOrPath) {
		return builtin.ReadFile(path.Join("builtin", nameOrPath+".yaml"))
	}
	data, err := os.ReadFile(nameOrPath)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("application %q is neither a file nor one of %s", nameOrPath, strings.Join(Builtin(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("read application: %w", err)
	}
	return data, nil
}

// maxSize bounds what Decode accepts; the largest builtin application has 30 kB.
const maxSize = 4 << 20

// Decode reads one YAML document strictly, fills in the defaults and validates
// it with [Application.Validate]. Errors name the line or the service.
func Decode(data []byte) (*Application, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("an application description has at most %d bytes, this one has %d", maxSize, len(data))
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	a := new(Application)
	if err := dec.Decode(a); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the application description is empty")
		}
		return nil, fmt.Errorf("decode application description: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("an application description is one YAML document, this has more")
	}
	if a.APIVersion != APIVersion || a.Kind != Kind {
		return nil, fmt.Errorf("want apiVersion %s and kind %s, have %q and %q", APIVersion, Kind, a.APIVersion, a.Kind)
	}
	a.Complete()
	if err := a.Validate(); err != nil {
		return nil, err
	}
	return a, nil
}
