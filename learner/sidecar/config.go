package sidecar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// LoadSettings reads the section learner of the adapter's configuration file. It is
// decoded strictly over the defaults; other sections are for others.
func LoadSettings(path string) (exchange.Learning, error) {
	file := struct {
		Learner exchange.Learning `yaml:"learner"`
		Others  map[string]any    `yaml:",inline"`
	}{Learner: exchange.DefaultLearning()}
	data, err := os.ReadFile(path)
	if err != nil {
		return file.Learner, fmt.Errorf("read configuration: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return file.Learner, fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := file.Learner.Validate(); err != nil {
		return file.Learner, fmt.Errorf("configuration %s: learner: %w", path, err)
	}
	return file.Learner, nil
}
