package placement

import (
	"errors"
	"fmt"
	"net/url"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// Args are the arguments of the plugin in a KubeSchedulerConfiguration, all optional.
type Args struct {
	// APIVersion and Kind may be left out.
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	// Adapter is the https URL of the adapter's Service, for clusters in which another
	// adapter owns the external metrics API. Empty means to read through the API server.
	Adapter string `json:"adapter,omitempty"`
	// CAFile verifies the adapter's certificate; needed with Adapter.
	CAFile string `json:"caFile,omitempty"`
	// ScaleIn lets the plugin write the annotation controller.kubernetes.io/pod-deletion-cost,
	// so that scale-in keeps the balance. That takes the right to patch pods.
	ScaleIn bool `json:"scaleIn,omitempty"`
}

// The only API version and kind of [Args].
const (
	argsVersion = "config.deepscaler.io/v1alpha1"
	argsKind    = "DeepScalerArgs"
)

// decodeArgs decodes strictly what kube-scheduler passes on: nothing, or the JSON of
// pluginConfig.args.
func decodeArgs(object runtime.Object) (Args, error) {
	var args Args
	switch o := object.(type) {
	case nil:
		return args, nil
	case *runtime.Unknown:
		if o == nil || len(o.Raw) == 0 {
			return args, nil
		}
		if err := yaml.UnmarshalStrict(o.Raw, &args); err != nil {
			return args, fmt.Errorf("decode the arguments of plugin %s: %w", Name, err)
		}
	default:
		return args, fmt.Errorf("the arguments of plugin %s are a %T, want an object of fields", Name, object)
	}
	return args, args.validate()
}

// server returns how to reach the adapter's metrics, given how to reach the API server.
func (a Args) server(config *rest.Config) *rest.Config {
	if a.Adapter == "" {
		return config
	}
	config = rest.CopyConfig(config)
	config.Host, config.APIPath = a.Adapter, ""
	config.TLSClientConfig = rest.TLSClientConfig{CAFile: a.CAFile, CertFile: config.CertFile, KeyFile: config.KeyFile, CertData: config.CertData, KeyData: config.KeyData}
	return config
}

func (a Args) validate() error {
	if a.APIVersion != "" && a.APIVersion != argsVersion || a.Kind != "" && a.Kind != argsKind {
		return fmt.Errorf("the arguments of plugin %s are a %s of %s, want a %s of %s", Name, a.Kind, a.APIVersion, argsKind, argsVersion)
	}
	if a.Adapter == "" {
		if a.CAFile != "" {
			return fmt.Errorf("plugin %s: caFile is set without adapter, whose certificate it verifies", Name)
		}
		return nil
	}
	u, err := url.Parse(a.Adapter)
	if err == nil && (u.Scheme != "https" || u.Host == "") {
		err = errors.New("want https://HOST[:PORT]")
	}
	if err != nil {
		return fmt.Errorf("plugin %s: adapter %q is no address of the adapter: %w", Name, a.Adapter, err)
	}
	if a.CAFile == "" {
		return fmt.Errorf("plugin %s: adapter needs caFile, the certificate authority of the adapter's certificate", Name)
	}
	return nil
}
