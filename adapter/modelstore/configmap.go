package modelstore

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// The labels, annotations and keys of a model's ConfigMap; see the package
// documentation.
const (
	modelLabel        = "deepscaler.io/model"
	hashAnnotation    = "deepscaler.io/hash"
	trainedAnnotation = "deepscaler.io/trained"
	fromAnnotation    = "deepscaler.io/serve-from"
	pinAnnotation     = "deepscaler.io/pin"

	modelKey  = "model.safetensors.gz"
	reportKey = "report.json"
)

// maxContent is the largest size of a ConfigMap's values in bytes. Kubernetes
// accepts 1 MiB for the whole object.
const maxContent = 900 << 10

// errTooLarge is wrapped by the error for a model that does not fit into a
// ConfigMap.
var errTooLarge = errors.New("the model is too large for a ConfigMap")

// configMapOf returns the object that publishes m.
func configMapOf(o offer, m *artifact.Model, r *exchange.Report) (*corev1.ConfigMap, error) {
	var content bytes.Buffer
	z := gzip.NewWriter(&content)
	if err := errors.Join(artifact.Write(z, m), z.Close()); err != nil {
		return nil, err
	}
	report, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the report: %w", err)
	}
	if size := content.Len() + len(report); size > maxContent {
		return nil, fmt.Errorf("%w: it has %d KiB compressed, of at most %d: set models.directory to a volume that the replicas share",
			errTooLarge, (size+1<<10-1)>>10, maxContent>>10)
	}
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Name:   o.name,
			Labels: map[string]string{modelLabel: o.application, "app.kubernetes.io/part-of": "deepscaler"},
			Annotations: map[string]string{
				hashAnnotation:    o.hash,
				trainedAnnotation: m.Created.UTC().Format(time.RFC3339),
				fromAnnotation:    formatTimes(o.from),
			},
		},
		Immutable:  new(true),
		BinaryData: map[string][]byte{modelKey: content.Bytes()},
		Data:       map[string]string{reportKey: string(report)},
	}, nil
}

// configMapName returns the name of the object that publishes a model.
func configMapName(application, hash string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(application))
	return fmt.Sprintf("deepscaler-model-%s-%.12s", safe, hash)
}

// offerOf reads the metadata of an object's model.
func offerOf(c *corev1.ConfigMap) (offer, error) {
	o := offer{
		name: c.Name, application: c.Labels[modelLabel], hash: c.Annotations[hashAnnotation],
		pinned: c.Annotations[pinAnnotation] == "true",
	}
	var err error
	if o.application == "" || o.hash == "" {
		return o, fmt.Errorf("ConfigMap %s lacks the label %s or the annotation %s", c.Name, modelLabel, hashAnnotation)
	}
	if o.from, err = parseTimes(c.Annotations[fromAnnotation]); err != nil {
		return o, fmt.Errorf("ConfigMap %s, annotation %s: %w", c.Name, fromAnnotation, err)
	}
	return o, nil
}

// modelOf reads the model in an object.
func modelOf(c *corev1.ConfigMap, limits artifact.Limits) (*artifact.Model, error) {
	content, ok := c.BinaryData[modelKey]
	if !ok {
		return nil, fmt.Errorf("ConfigMap %s lacks binaryData %s", c.Name, modelKey)
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("ConfigMap %s, binaryData %s: %w", c.Name, modelKey, err)
	}
	// The reader of models stops at its limit, so a small object cannot grow large.
	m, err := limits.Read(z)
	if err != nil {
		return nil, fmt.Errorf("ConfigMap %s: %w", c.Name, err)
	}
	if _, err := z.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("ConfigMap %s, binaryData %s: more follows after the model", c.Name, modelKey)
	}
	return m, nil
}

func formatTimes(times []time.Time) string {
	texts := make([]string, len(times))
	for i, t := range times {
		texts[i] = t.UTC().Format(time.RFC3339)
	}
	return strings.Join(texts, ",")
}

// parseTimes takes an empty text for no times: such a model serves only as a pin.
func parseTimes(text string) ([]time.Time, error) {
	if text == "" {
		return nil, nil
	}
	var times []time.Time
	for part := range strings.SplitSeq(text, ",") {
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		times = append(times, t)
	}
	return times, nil
}
