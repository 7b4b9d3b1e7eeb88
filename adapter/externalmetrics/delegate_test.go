package externalmetrics

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// other is another server of the external metrics API, with what it was asked.
type other struct {
	*httptest.Server

	answer http.HandlerFunc
	asked  []string
	ca     string // the file with its authority
}

func newOther(t *testing.T) *other {
	t.Helper()
	o := &other{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","metadata":{},
			"items":[{"metricName":"lag","metricLabels":{"topic":"a"},"timestamp":"2026-05-01T12:00:00Z","window":60,"value":"1500m"}]}`)
	}}
	o.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked = append(o.asked, r.Header.Get("Authorization")+" "+r.URL.String())
		o.answer(w, r)
	}))
	t.Cleanup(o.Close)
	o.ca = filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(o.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *other) provider(t *testing.T, d Delegate) provider.ExternalMetricsProvider {
	t.Helper()
	b, _ := board(t)
	d.URL, d.Timeout = o.URL, 5*time.Second
	p, err := Delegating(NewProvider(b, nil), d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOtherMetricsAreDelegated(t *testing.T) {
	o := newOther(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := o.provider(t, Delegate{CAFile: o.ca, TokenFile: token})
	list, err := p.GetExternalMetric(t.Context(), "shop", labels.SelectorFromSet(labels.Set{"topic": "a"}), provider.ExternalMetricInfo{Metric: "lag"})
	if err != nil || len(list.Items) != 1 || list.Items[0].Value.MilliValue() != 1500 || *list.Items[0].WindowSeconds != 60 || list.Items[0].MetricLabels["topic"] != "a" {
		t.Errorf("%+v, %v", list, err)
	}
	if diff := cmp.Diff([]string{"Bearer secret /apis/external.metrics.k8s.io/v1beta1/namespaces/shop/lag?labelSelector=topic%3Da&timeout=5s"}, o.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}

	// Its own metrics are never asked elsewhere, nor are those that have such names.
	if list, err := p.GetExternalMetric(t.Context(), "shop", labels.SelectorFromSet(labels.Set{"service": "web"}), provider.ExternalMetricInfo{Metric: discovery.Metric}); err != nil || len(list.Items) != 1 {
		t.Errorf("own metric: %v, %v", list, err)
	}
	if _, err := p.GetExternalMetric(t.Context(), "shop", labels.Everything(), provider.ExternalMetricInfo{Metric: "deepscaler_unheard_of"}); !apierrors.IsNotFound(err) {
		t.Errorf("a metric of its own that does not exist: %v", err)
	}
	if len(o.asked) != 1 {
		t.Errorf("asked %v", o.asked)
	}
}

func TestErrorsOfADelegate(t *testing.T) {
	status := func(code int, reason string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":"no such topic"}`, code, reason)
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		is     func(error) bool
	}{
		"not found":             {status(404, "NotFound"), apierrors.IsNotFound},
		"unavailable":           {status(503, "ServiceUnavailable"), apierrors.IsServiceUnavailable},
		"the adapter may not":   {status(403, "Forbidden"), apierrors.IsServiceUnavailable},
		"the adapter is nobody": {status(401, "Unauthorized"), apierrors.IsServiceUnavailable},
		"no JSON":               {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, apierrors.IsServiceUnavailable},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.invalid/", http.StatusFound)
		}, apierrors.IsServiceUnavailable},
	} {
		o := newOther(t)
		o.answer = c.answer
		_, err := o.provider(t, Delegate{CAFile: o.ca}).GetExternalMetric(t.Context(), "shop", labels.Everything(), provider.ExternalMetricInfo{Metric: "lag"})
		if _, ok := err.(apierrors.APIStatus); !ok || !c.is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that the authorities do not verify gets no request, and no credentials.
func TestADelegateIsVerified(t *testing.T) {
	o := newOther(t)
	p := o.provider(t, Delegate{}) // by the system's authorities, which did not sign it
	if _, err := p.GetExternalMetric(t.Context(), "shop", labels.Everything(), provider.ExternalMetricInfo{Metric: "lag"}); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("a server of an unknown authority: %v", err)
	}
	if len(o.asked) > 0 {
		t.Errorf("asked %v", o.asked)
	}
	if _, err := Delegating(nil, Delegate{URL: o.URL, CAFile: "missing"}); err == nil {
		t.Error("a missing file of authorities is no error")
	}
}
