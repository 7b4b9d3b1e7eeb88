package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// load decodes the telemetry section of a YAML file over cfg. The section is
// decoded strictly; others are ignored.
func load(path string, cfg *telemetry.Config) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read --config: %w", err)
	}
	if err := decode(data, cfg); err != nil {
		return fmt.Errorf("--config %s: %w", path, err)
	}
	return nil
}

func decode(data []byte, cfg *telemetry.Config) error {
	var given struct {
		Telemetry struct {
			ScrapeInterval time.Duration `yaml:"scrapeInterval"`
		} `yaml:"telemetry"`
	}
	if yaml.Unmarshal(data, &given) == nil { // else the strict decoder reports it
		cfg.RateWindow = max(cfg.RateWindow, telemetry.ConfigFor(given.Telemetry.ScrapeInterval).RateWindow)
	}
	file := struct {
		Telemetry *telemetry.Config `yaml:"telemetry"`
		Others    map[string]any    `yaml:",inline"`
	}{Telemetry: cfg}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	switch err := decoder.Decode(&file); {
	case errors.Is(err, io.EOF):
		return errors.New("is empty, want a telemetry section")
	case err != nil:
		return err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("more than one YAML document: remove everything from the second --- on")
	}
	var sections map[string]yaml.Node
	if err := yaml.Unmarshal(data, &sections); err != nil {
		return err
	}
	if _, ok := sections["telemetry"]; !ok {
		return errors.New("has no telemetry section")
	}
	return nil
}
