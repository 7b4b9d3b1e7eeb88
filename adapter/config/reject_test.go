package config_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/deepscaler/deepscaler/adapter/config"
)

func TestDecodeRejects(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":              {"", []string{`want apiVersion: config.deepscaler.io/v1alpha1`}},
		"not YAML":             {"{", []string{"line 1"}},
		"another version":      {strings.Replace(header, "v1alpha1", "v9", 1) + "unheardOf: 1", []string{"v9", "v1alpha1"}},
		"another kind":         {strings.Replace(header, "AdapterConfiguration", "Deployment", 1), []string{"Deployment"}},
		"unknown field":        {header + "stepp: 30s\n", []string{"line 6", "stepp"}},
		"unknown nested field": {header + "defaults:\n  slo: 1s\n  sloo: 1s\n", []string{"line 8", "sloo"}},
		"unknown HTTP field":   {header + "    http:\n      basic_autth: {}\n", []string{"line 7", "basic_autth"}},
		"field given twice":    {header + "step: 30s\nstep: 15s\n", []string{"line 7", "step"}},
		"second document":      {header + "---\nstep: 15s\n", []string{"more than one YAML document"}},
		"number for duration":  {header + "step: 30\n", []string{"line 6", "30"}},
		"text for number":      {header + "window: many\n", []string{"line 6", "many"}},
		"no Prometheus":        {header[:strings.Index(header, "telemetry")], []string{"telemetry.prometheus.url"}},
		"password in URL":      {strings.Replace(header, "prometheus:9090", "u:secret@prometheus", 1), []string{"telemetry.prometheus.url", "basic_auth"}},
		"fractional step":      {header + "step: 1500ms\n", []string{"step: is 1.5s"}},
		"step of zero":         {header + "step: 0s\n", []string{"step: is 0s"}},
		"late settle":          {header + "settle: 15s\n", []string{"settle: is 15s"}},
		"short window":         {header + "window: 1\n", []string{"window: is 1"}},
		"endless window":       {header + "window: 1000000000\n", []string{"window: is 1000000000"}},
		"endless lead time":    {header + "defaults: {leadTime: 100000h}\n", []string{"defaults.leadTime: is 100000h"}},
		"endless hold":         {header + "defaults: {hold: 100h}\n", []string{"defaults.hold is 100h"}},
		"rate below step":      {header + "  rateWindow: 1m\nstep: 2m\ndefaults: {leadTime: 5m}\n", []string{"telemetry.rateWindow: is 1m0s"}},
		"lead time below step": {header + "defaults: {leadTime: 10s}\n", []string{"defaults.leadTime: is 10s"}},
		"endless node start":   {header + "defaults: {nodeStart: 2h}\n", []string{"defaults.nodeStart: is 2h"}},
		"negative node start":  {header + "applications: [{name: a, nodeStart: -1s}]\n", []string{"applications[0].nodeStart: is -1s"}},
		"percentile alone":     {header + "defaults: {sloPercentile: 0.95}\n", []string{"defaults.sloPercentile: is 0.95 but slo is not set"}},
		"crossed utilisation":  {header + "defaults: {minUtilisation: 0.9}\n", []string{"defaults.maxUtilisation is 0.8"}},
		"not a number":         {header + "defaults: {headroom: .nan}\n", []string{"defaults.headroom"}},
		"crossed by override":  {header + "applications: [{name: a, maxUtilisation: 0.3}]\n", []string{"applications[0].maxUtilisation is 0.3"}},
		"application twice":    {header + "applications: [{name: a}, {name: a}]\n", []string{`applications[1].name: "a" occurs twice`}},
		"nameless application": {header + "applications: [{slo: 1s}]\n", []string{"applications[0].name: is required"}},
		"impossible name":      {header + "applications: [{name: 'a b'}]\n", []string{"applications[0].name"}},
		"impossible guest":     {header + "applications: [{name: a, namespaces: [A_B]}]\n", []string{"applications[0].namespaces[0]"}},
		"guest twice":          {header + "applications: [{name: a, namespaces: [b, b]}]\n", []string{"applications[0].namespaces[1]"}},
		"impossible namespace": {header + "namespaces: [A_B]\n", []string{"namespaces[0]"}},
		"another API":          {header + "apis: metrics\n", []string{`apis: is "metrics", want external, custom or both`}},
		"delegate in clear":    {header + "delegate: {url: 'http://keda'}\n", []string{"delegate.url: is not the base of a server with https"}},
		"delegate's password":  {header + "delegate: {url: 'https://u:secret@keda'}\n", []string{"delegate.url", "credentials belong into files"}},
		"delegate of nobody":   {header + "delegate: {caFile: ca.crt}\n", []string{"delegate: has no url"}},
		"delegate's half":      {header + "delegate: {url: 'https://keda', certFile: a}\n", []string{"delegate: certFile and keyFile"}},
		"patient delegation":   {header + "delegate: {url: 'https://keda', timeout: 1h}\n", []string{"delegate.timeout: is 1h0m0s"}},
		"delegate unserved":    {header + "apis: custom\ndelegate: {url: 'https://keda'}\n", []string{"delegate: is for external metrics"}},
		"namespace twice":      {header + "namespaces: [a, a]\n", []string{"namespaces[1]"}},
		"impossible secret":    {header + "certificates: {secret: ''}\n", []string{"certificates.secret"}},
		"impossible home":      {header + "certificates: {namespace: A}\n", []string{"certificates.namespace"}},
		"all at once": {header + "window: 0\nstep: 0s\ndefaults: {slo: -1s, roundingTolerance: 7}\n",
			[]string{"window:", "step:", "defaults.slo", "defaults.roundingTolerance"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := config.Decode([]byte(c.text))
			if err == nil {
				t.Fatalf("accepted as %+v", a)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "secret@") {
				t.Errorf("error %q repeats a password", err)
			}
		})
	}
}

// FuzzDecode holds that no file makes the decoder panic and that what it accepts
// is valid and survives being written and read again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(config.Example))
	f.Add([]byte(header))
	f.Add([]byte(header + "applications: [{name: a, slo: 1s}, {name: b}]\nnamespaces: [x]\n"))
	f.Add([]byte(header + "    http: {authorization: {credentials: x}}\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("kind: AdapterConfiguration\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := config.Decode(data)
		if err != nil {
			return
		}
		if err := a.Validate(); err != nil {
			t.Fatalf("accepted, but: %v", err)
		}
		out, err := yaml.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Decode(out); err != nil {
			t.Fatalf("does not survive being written: %v\n%s", err, out)
		}
	})
}
