// Package config is the configuration file of the adapter: versioned YAML,
// decoded strictly, with every contradiction reported at once.
package config

import (
	_ "embed"
	"time"

	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

const (
	// APIVersion is the only supported version.
	APIVersion = "config.deepscaler.io/v1alpha1"
	// Kind is the only supported kind.
	Kind = "AdapterConfiguration"
)

// Example is a complete configuration file that explains every default.
//
//go:embed example.yaml
var Example string

// Adapter is the content of a configuration file; example.yaml explains its
// fields. Durations are written like 30s or 1m30s.
type Adapter struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`

	// Step is Δ, the time between two plans and between two columns of the
	// window. Whole seconds; by default the scrape interval of the telemetry.
	Step time.Duration `yaml:"step"`
	// Window is τ, the number of columns in the window of an estimate; by default
	// as many as make ten minutes. A model looks at the newest of them.
	Window int `yaml:"window"`
	// Settle is the time from the end of a step to its tick. Prometheus needs
	// it to store the scrapes that started before; replicas of the adapter that
	// query earlier may read different samples. It must be less than half a
	// step; 0 means a tenth of a step, at most a second.
	Settle time.Duration `yaml:"settle"`
	// Namespaces restricts discovery to autoscalers in them; empty means all.
	Namespaces []string `yaml:"namespaces"`

	// APIs are the metrics APIs that are served.
	APIs APIs `yaml:"apis"`

	// Delegate answers external metrics that are not DeepScaler's.
	Delegate Delegate `yaml:"delegate"`

	// Telemetry is the source of samples.
	Telemetry telemetry.Config `yaml:"telemetry"`
	// Defaults hold for every application; Applications override them by name.
	Defaults     Settings   `yaml:"defaults"`
	Applications []Override `yaml:"applications"`

	// Models configures the serving of trained models.
	Models Models `yaml:"models"`
	// Learner configures the learner in the adapter's pod, which reads the same file.
	Learner exchange.Learning `yaml:"learner"`

	// Certificates names the adapter's own objects. The Secret has no effect when files
	// provide the serving certificate.
	Certificates Certificates `yaml:"certificates"`
}

// APIs names the metrics APIs that are served.
type APIs string

// The choices of APIs.
const (
	ExternalAPI APIs = "external" // external.metrics.k8s.io
	CustomAPI   APIs = "custom"   // custom.metrics.k8s.io
	BothAPIs    APIs = "both"
)

// External reports whether external.metrics.k8s.io is served.
func (a APIs) External() bool { return a != CustomAPI }

// Custom reports whether custom.metrics.k8s.io is served.
func (a APIs) Custom() bool { return a != ExternalAPI }

// Delegate is another server of the external metrics API.
type Delegate struct {
	// URL is its base, https only; empty for none.
	URL string `yaml:"url"`
	// CAFile has the authorities that verify it; the system's if empty.
	CAFile string `yaml:"caFile"`
	// TokenFile, or CertFile and KeyFile, say who asks.
	TokenFile string        `yaml:"tokenFile"`
	CertFile  string        `yaml:"certFile"`
	KeyFile   string        `yaml:"keyFile"`
	Timeout   time.Duration `yaml:"timeout"`
}

// Settings are what may differ between applications.
type Settings struct {
	// LeadTime is the time until a decision takes effect: pod start, HPA sync
	// and one step. At least one step.
	LeadTime time.Duration `yaml:"leadTime"`
	// NodeStart is the time until a new node runs pods: CapacityBuffers ask for nodes that
	// much in advance, if the adapter writes them; 0 for none.
	NodeStart time.Duration `yaml:"nodeStart"`
	// SLO is the response time that requests entering the application must
	// keep; 0 means that there is none.
	SLO time.Duration `yaml:"slo"`
	// SLOPercentile selects what SLO bounds: 0 the mean, 0.95 the 95th percentile.
	SLOPercentile float64 `yaml:"sloPercentile"`
	// MinUtilisation and MaxUtilisation bound the planned CPU utilisation, as a
	// fraction of the limit.
	MinUtilisation float64 `yaml:"minUtilisation"`
	MaxUtilisation float64 `yaml:"maxUtilisation"`
	// Headroom is the spare capacity in standard deviations of the load.
	Headroom float64 `yaml:"headroom"`
	// Hold is how long replicas are kept after the load fell, less the stabilisation window
	// of the autoscaler, unless the season foresees the next rise.
	Hold time.Duration `yaml:"hold"`
	// RoundingTolerance is the fraction of a replica that is dropped instead of
	// rounded up.
	RoundingTolerance float64 `yaml:"roundingTolerance"`
	// Quantile is the quantile of the need that a model serves, in (0,1); 0 is the
	// lowest that it was trained for.
	Quantile float64 `yaml:"quantile"`
	// Model is the one that serves: empty for the newest, "none" for none, else the
	// beginning of a hash.
	Model string `yaml:"model"`
	// Mode is active, or shadow to compute everything while autoscalers are held.
	Mode string `yaml:"mode"`
}

// Override replaces the given settings for one application.
type Override struct {
	Name string `yaml:"name"`
	// Namespaces are those whose autoscalers may join the application by
	// annotation, besides the namespace of its name.
	Namespaces        []string       `yaml:"namespaces"`
	LeadTime          *time.Duration `yaml:"leadTime"`
	NodeStart         *time.Duration `yaml:"nodeStart"`
	SLO               *time.Duration `yaml:"slo"`
	SLOPercentile     *float64       `yaml:"sloPercentile"`
	MinUtilisation    *float64       `yaml:"minUtilisation"`
	MaxUtilisation    *float64       `yaml:"maxUtilisation"`
	Headroom          *float64       `yaml:"headroom"`
	Hold              *time.Duration `yaml:"hold"`
	RoundingTolerance *float64       `yaml:"roundingTolerance"`
	Quantile          *float64       `yaml:"quantile"`
	Model             *string        `yaml:"model"`
	Mode              *string        `yaml:"mode"`
}

// Models are where trained models come from.
type Models struct {
	// Serve lets trained models serve; without it queueing theory does.
	Serve bool `yaml:"serve"`
	// Exchange is the folder that the adapter shares with the learner in its pod;
	// empty when there is none.
	Exchange string `yaml:"exchange"`
	// Namespace holds the ConfigMaps of models and the Lease; empty means the
	// adapter's own.
	Namespace string `yaml:"namespace"`
	// Lease is held by the replica that publishes.
	Lease string `yaml:"lease"`
	// Directory is a folder on a volume that all replicas share, where models are
	// published instead of in ConfigMaps; empty for ConfigMaps.
	Directory string `yaml:"directory"`
	// MaxBytes is the size of the largest model file that is read.
	MaxBytes int64 `yaml:"maxBytes"`
}

// Certificates names the objects around the serving certificate that the adapter
// creates. Namespace and Service also tell which APIServices lead to this adapter.
type Certificates struct {
	// Namespace holds the Secret and the Service; empty means the adapter's own.
	Namespace string `yaml:"namespace"`
	// Secret must exist, empty at first. It keeps the certificate authority and
	// the serving certificate, which the replicas of the adapter share.
	Secret string `yaml:"secret"`
	// Service is the target of the APIService; the certificate is valid for its
	// name.
	Service string `yaml:"service"`
}
