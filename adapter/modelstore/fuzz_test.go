package modelstore

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// FuzzConfigMap checks that no object brings the adapter down, and that what is taken
// of one is valid.
func FuzzConfigMap(f *testing.F) {
	m := constant(f, 2)
	c, err := configMapOf(offer{name: "m", application: "shop", hash: m.Hash(), from: []time.Time{noon}}, m, &exchange.Report{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.BinaryData[modelKey], c.Annotations[hashAnnotation], c.Annotations[fromAnnotation])
	f.Add([]byte("model"), "", "2026-05-01T12:00:00Z, 2026-05-01T12:00:30Z")
	f.Fuzz(func(t *testing.T, content []byte, hash, from string) {
		c := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Name: "m", Labels: map[string]string{modelLabel: "shop"},
				Annotations: map[string]string{hashAnnotation: hash, fromAnnotation: from},
			},
			BinaryData: map[string][]byte{modelKey: content},
		}
		if o, err := offerOf(c); err == nil {
			again, err := parseTimes(formatTimes(o.from))
			if err != nil || len(again) != len(o.from) {
				t.Errorf("%q is read as %v and then as %v, %v", from, o.from, again, err)
			}
		}
		if m, err := modelOf(c, artifact.Limits{File: 1 << 20}); err == nil {
			if err := m.Validate(); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzFileOffer checks names of folders and files.
func FuzzFileOffer(f *testing.F) {
	f.Add("shop", "1764082800-0a0a.safetensors")
	f.Add("%53hop", "-.safetensors")
	f.Fuzz(func(t *testing.T, folder, file string) {
		o, err := fileOffer(folder, file)
		if err == nil && (o.hash == "" || len(o.from) != 1) {
			t.Errorf("%s/%s is the offer %+v", folder, file, o)
		}
	})
}
