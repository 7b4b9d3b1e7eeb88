// Package config is the configuration file of the adapter: versioned YAML,
// decoded strictly, with every contradiction reported at once.
package config

import (
	_ "embed"
	"time"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

const (
	// APIVersion is the only one understood.
	APIVersion = "config.deepscaler.io/v1alpha1"
	// Kind is the only one understood.
	Kind = "AdapterConfiguration"
)

// Example is a complete configuration file with every default and what it means.
//
//go:embed example.yaml
var Example string

// Adapter is the content of a configuration file; example.yaml explains its
// fields. Durations are written like 30s or 1m30s.
type Adapter struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`

	// Step is Δ, the time between two plans and between two columns of the
	// window. Whole seconds.
	Step time.Duration `yaml:"step"`
	// Window is τ, the number of columns an estimate is made from.
	Window int `yaml:"window"`
	// Settle is how long after the end of a step its tick begins: the time
	// Prometheus needs to store the scrapes that started before it. Replicas of
	// the adapter that ask before that may see different samples. It must be
	// less than half a step; 0 means a tenth of it, at most a second.
	Settle time.Duration `yaml:"settle"`
	// Namespaces restricts which autoscalers are looked at; empty means all.
	Namespaces []string `yaml:"namespaces"`

	// Telemetry says where samples come from.
	Telemetry telemetry.Config `yaml:"telemetry"`
	// Defaults hold for every application, Applications for one by name.
	Defaults     Settings   `yaml:"defaults"`
	Applications []Override `yaml:"applications"`

	// Certificates says under which names the adapter finds itself. It has no
	// effect when the serving certificate is given by files.
	Certificates Certificates `yaml:"certificates"`
}

// Settings are what may differ between applications.
type Settings struct {
	// LeadTime is how long a decision takes to have effect: pod start, HPA sync
	// and one step. At least one step.
	LeadTime time.Duration `yaml:"leadTime"`
	// SLO is the response time that requests entering the application must
	// keep; 0 means that there is none.
	SLO time.Duration `yaml:"slo"`
	// SLOPercentile says what SLO bounds: 0 the mean, 0.95 the 95th percentile.
	SLOPercentile float64 `yaml:"sloPercentile"`
	// MinUtilisation and MaxUtilisation bound the planned CPU utilisation, as a
	// fraction of the limit.
	MinUtilisation float64 `yaml:"minUtilisation"`
	MaxUtilisation float64 `yaml:"maxUtilisation"`
	// Headroom is the spare capacity in standard deviations of the load.
	Headroom float64 `yaml:"headroom"`
	// RoundingTolerance is the fraction of a replica that is dropped instead of
	// rounded up.
	RoundingTolerance float64 `yaml:"roundingTolerance"`
}

// Override replaces the settings it mentions for the application it names.
type Override struct {
	Name string `yaml:"name"`
	// Namespaces are those whose autoscalers may join the application by
	// annotation, besides the namespace of its name.
	Namespaces        []string       `yaml:"namespaces"`
	LeadTime          *time.Duration `yaml:"leadTime"`
	SLO               *time.Duration `yaml:"slo"`
	SLOPercentile     *float64       `yaml:"sloPercentile"`
	MinUtilisation    *float64       `yaml:"minUtilisation"`
	MaxUtilisation    *float64       `yaml:"maxUtilisation"`
	Headroom          *float64       `yaml:"headroom"`
	RoundingTolerance *float64       `yaml:"roundingTolerance"`
}

// Certificates names the objects that a self-made serving certificate involves.
type Certificates struct {
	// Namespace holds the Secret and the Service; empty means the adapter's own.
	Namespace string `yaml:"namespace"`
	// Secret must exist, empty at first. It keeps the certificate authority and
	// the serving certificate, which the replicas of the adapter share.
	Secret string `yaml:"secret"`
	// Service is what the APIService points at; the certificate is valid for
	// its name.
	Service string `yaml:"service"`
}
