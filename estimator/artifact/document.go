package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator/season"
)

// version is the version of the on-disk format; see the package documentation.
// Raise it with every change that an older build would misread.
const version = 1

// document is the JSON form of a model without the numbers of its tensors.
type document struct {
	Version         int             `json:"version"`
	Kind            string          `json:"kind"`
	Services        []string        `json:"services"`
	Features        []string        `json:"features"`
	Target          string          `json:"target"`
	Label           string          `json:"label"`
	Window          int             `json:"window"`
	Horizons        []int           `json:"horizons"`
	Quantiles       []float64       `json:"quantiles,omitempty"`
	Step            string          `json:"step"`
	Hyperparameters Hyperparameters `json:"hyperparameters"`
	Scaler          Scaler          `json:"scaler"`
	Graphs          []graphEntry    `json:"graphs,omitempty"`
	Tensors         []tensorEntry   `json:"tensors"`
	Season          *season.Season  `json:"season,omitempty"`
	Report          json.RawMessage `json:"report,omitempty"`
	Parent          string          `json:"parent"`
	Created         time.Time       `json:"created"`
}

type graphEntry struct {
	Name string   `json:"name"`
	Loss *float64 `json:"loss"` // null if unknown
}

type tensorEntry struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

// encodeDocument returns the same bytes for the same model.
func encodeDocument(m *Model) ([]byte, error) {
	d := document{
		Version:         version,
		Kind:            m.Kind,
		Services:        m.Services,
		Features:        m.Features,
		Target:          m.Target,
		Label:           m.Label,
		Window:          m.Window,
		Horizons:        m.Horizons,
		Quantiles:       m.Quantiles,
		Step:            m.Step.String(),
		Hyperparameters: m.Hyperparameters,
		Scaler:          m.Scaler,
		Season:          m.Season,
		Report:          m.Report,
		Parent:          m.Parent,
		Created:         m.Created.UTC(),
	}
	for _, g := range m.Graphs {
		e := graphEntry{Name: g.Name}
		if !math.IsNaN(g.Loss) {
			e.Loss = &g.Loss
		}
		d.Graphs = append(d.Graphs, e)
	}
	for _, t := range m.stored() {
		d.Tensors = append(d.Tensors, tensorEntry{Name: t.Name, Shape: append([]int{}, t.Shape...)})
	}
	encoded, err := encodeJSON(&d)
	if err != nil {
		return nil, fmt.Errorf("encode document: %w", err)
	}
	return encoded, nil
}

// encodeJSON does not escape "<", ">" and "&", so that a report is read back
// unchanged.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeDocument checks the version first, so that the file of a newer build
// does not count as malformed.
func decodeDocument(encoded []byte) (*document, error) {
	var probe struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(encoded, &probe); err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrCorrupt, err)
	}
	if probe.Version > version {
		return nil, fmt.Errorf("%w: it is %d, this build reads %d; upgrade deepscaler", ErrVersion, probe.Version, version)
	}
	if probe.Version != version {
		return nil, fmt.Errorf("%w: it is %d, this build reads %d; train the model anew", ErrVersion, probe.Version, version)
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	var d document
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("%w: document: %w", ErrCorrupt, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: document: more follows after its end", ErrCorrupt)
	}
	return &d, nil
}

// model returns the model of d and the tensors, which are in d's order. It is
// not validated.
func (d *document) model(tensors []Tensor) (*Model, error) {
	step, err := time.ParseDuration(d.Step)
	if err != nil {
		return nil, fmt.Errorf("%w: document: step: %w", ErrCorrupt, err)
	}
	m := &Model{
		Kind:            d.Kind,
		Services:        d.Services,
		Features:        d.Features,
		Target:          d.Target,
		Label:           d.Label,
		Window:          d.Window,
		Horizons:        d.Horizons,
		Quantiles:       d.Quantiles,
		Step:            step,
		Hyperparameters: d.Hyperparameters,
		Scaler:          d.Scaler,
		Season:          d.Season,
		Report:          d.Report,
		Parent:          d.Parent,
		Created:         d.Created.UTC(),
	}
	// The matrices come first, as in Model.stored.
	square := []int{len(d.Services), len(d.Services)}
	matrices := 1 + len(d.Graphs)
	if len(tensors) < matrices {
		return nil, fmt.Errorf("%w: %d tensors do not hold an affinity matrix and %d graphs", ErrCorrupt, len(tensors), len(d.Graphs))
	}
	for i, t := range tensors[:matrices] {
		name := affinityName
		if i > 0 {
			name = graphPrefix + d.Graphs[i-1].Name
		}
		if t.Name != name || !slices.Equal(t.Shape, square) {
			return nil, fmt.Errorf("%w: tensor %d is %.80q of shape %v, want %.80q of shape %v", ErrCorrupt, i, t.Name, t.Shape, name, square)
		}
		if i == 0 {
			m.Affinity = t.Data
			continue
		}
		g := Graph{Name: d.Graphs[i-1].Name, Loss: math.NaN(), Affinity: t.Data}
		if loss := d.Graphs[i-1].Loss; loss != nil {
			g.Loss = *loss
		}
		m.Graphs = append(m.Graphs, g)
	}
	m.Tensors = tensors[matrices:]
	return m, nil
}
