package telemetry

import (
	"fmt"
	"io"

	"github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// HTTPClientConfig is the http_config that Prometheus itself uses for its own clients. It has
// the same snake_case keys: tls_config, authorization, basic_auth, oauth2, bearer_token_file,
// proxy_url and so on. Files it refers to are read anew when they change, so a rotated token
// needs no restart.
type HTTPClientConfig struct {
	config.HTTPClientConfig `yaml:",inline"`
}

// Format writes the configuration as YAML with masked secrets, for every verb.
// fmt would print them, because config.Secret is a string.
func (c HTTPClientConfig) Format(f fmt.State, _ rune) {
	out, err := yaml.Marshal(c)
	if err != nil {
		out = []byte("(not printable)")
	}
	_, _ = io.WriteString(f, "{"+string(out)+"}")
}
