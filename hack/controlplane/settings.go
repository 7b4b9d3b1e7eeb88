package controlplane

import (
	"bytes"
	_ "embed" // for the stages of KWOK
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"text/template"
	"time"
)

//go:embed config/kwok-stages.yaml.tmpl
var stageTemplate string

// settings are the options with their defaults, and everything else in the command lines
// of the Kubernetes programs.
type settings struct {
	dir           string
	nodes, zones  int
	hpaSyncPeriod time.Duration
	podStartDelay time.Duration
	verbosity     int
	ports         kubernetesPorts
}

type kubernetesPorts struct {
	etcdClient, etcdPeer, etcdHealth, apiServer, controllerManager, scheduler int
}

func newSettings(opts Options, dir string, ports kubernetesPorts) (settings, error) {
	s := settings{
		dir:           dir,
		nodes:         orDefault(opts.Nodes, 3),
		zones:         opts.Zones,
		hpaSyncPeriod: orDefault(opts.HPASyncPeriod, 2*time.Second),
		podStartDelay: orDefault(opts.PodStartDelay, 3*time.Second),
		verbosity:     opts.Verbosity,
		ports:         ports,
	}
	if s.nodes < 0 || s.zones < 0 || s.hpaSyncPeriod < 0 || s.podStartDelay < 0 || s.verbosity < 0 {
		return settings{}, errors.New("nodes, zones, HPA sync period, pod start delay and verbosity must not be negative")
	}
	return s, nil
}

func orDefault[T comparable](value, preset T) T {
	var zero T
	if value == zero {
		return preset
	}
	return value
}

func (s settings) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

func (s settings) pki(file string) string { return s.path("pki", file) }

func (s settings) kubeconfig(name string) string { return s.path(name + ".kubeconfig") }

func (s settings) apiServerURL() string { return loopbackURL("https", s.ports.apiServer) }

func loopbackURL(scheme string, port int) string {
	return scheme + "://127.0.0.1:" + strconv.Itoa(port)
}

// stages renders the stages of KWOK.
func (s settings) stages() ([]byte, error) {
	t, err := template.New("kwok-stages").Delims("[[", "]]").Option("missingkey=error").Parse(stageTemplate)
	if err != nil {
		return nil, fmt.Errorf("render the stages of KWOK: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, struct{ PodStartDelay time.Duration }{s.podStartDelay}); err != nil {
		return nil, fmt.Errorf("render the stages of KWOK: %w", err)
	}
	return out.Bytes(), nil
}
