package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// maxSize bounds a configuration file; real ones have a few kilobytes.
const maxSize = 1 << 20

// Load reads and validates a file.
func Load(path string) (*Adapter, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("configuration %s is larger than %d bytes: is it the right file?", path, maxSize)
	}
	a, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return a, nil
}

// Decode returns the defaults, overridden by the configuration in data. An
// unknown or repeated field and a second document are errors with their line.
// Contradictions are reported all at once, each with the path of its field.
func Decode(data []byte) (*Adapter, error) {
	if err := checkVersion(data); err != nil {
		return nil, err
	}
	a, scrapes := defaultsOf(data)
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(a); err != nil {
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document: remove everything from the second --- on")
	}
	if t := &a.Telemetry; !scrapes && t.ScrapeInterval > 0 {
		t.ScrapeInterval = t.LongestScrapeInterval()
	}
	if err := a.Validate(); err != nil {
		return nil, err
	}
	return a, nil
}

// defaultsOf returns the defaults that go with the scrape interval and the step in
// data, and whether the former is there. Mistakes in them are left to the strict decoder.
func defaultsOf(data []byte) (defaults *Adapter, scrapes bool) {
	var given struct {
		Step      time.Duration `yaml:"step"`
		Telemetry struct {
			ScrapeInterval time.Duration `yaml:"scrapeInterval"`
		} `yaml:"telemetry"`
	}
	if err := yaml.Unmarshal(data, &given); err != nil {
		return Default(), true
	}
	scrapeInterval := cmp.Or(given.Telemetry.ScrapeInterval, telemetry.DefaultScrapeInterval)
	return defaultsFor(scrapeInterval, given.Step), given.Telemetry.ScrapeInterval != 0
}

// checkVersion runs first: fields of another version would otherwise be
// reported as unknown.
func checkVersion(data []byte) error {
	var header struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	if err := yaml.Unmarshal(data, &header); err != nil {
		return err
	}
	if header.APIVersion != APIVersion || header.Kind != Kind {
		return fmt.Errorf("apiVersion is %q and kind %q, want apiVersion: %s and kind: %s",
			header.APIVersion, header.Kind, APIVersion, Kind)
	}
	return nil
}

// LoadFor returns the configuration for somebody who reaches Prometheus under another URL
// than the adapter does. Without a path it is the defaults; url and preset replace those of
// the file unless they are empty.
func LoadFor(path, url, preset string) (*Adapter, error) {
	a := Default()
	if path != "" {
		var err error
		if a, err = Load(path); err != nil {
			return nil, err
		}
	}
	a.Telemetry.Prometheus.URL = cmp.Or(url, a.Telemetry.Prometheus.URL)
	a.Telemetry.Preset = cmp.Or(preset, a.Telemetry.Preset)
	if err := a.Telemetry.Validate(); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	return a, nil
}
