package controlplane

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/hack/controlplane/internal/gobuild"
)

// Component names one of the programs that [Build] can produce.
type Component string

// The components, under the names of their programs.
const (
	Etcd              Component = "etcd"
	APIServer         Component = "kube-apiserver"
	ControllerManager Component = "kube-controller-manager"
	Scheduler         Component = "kube-scheduler"
	Kubectl           Component = "kubectl"
	KWOK              Component = "kwok"
	Prometheus        Component = "prometheus"
	Jaeger            Component = "jaeger"
	KEDAOperator      Component = "keda-operator"
	KEDAAdapter       Component = "keda-metrics-apiserver"
	Helm              Component = "helm"
)

// Components returns the components of a cluster, in the order in which they are built.
func Components() []Component {
	return []Component{Etcd, APIServer, ControllerManager, Scheduler, Kubectl, KWOK, Prometheus, Jaeger}
}

// Optional returns the components that [Build] makes only on demand, because few need them
// and those of KEDA take about as long as all those of a cluster together.
func Optional() []Component { return []Component{KEDAOperator, KEDAAdapter, Helm} }

// modules returns the nested modules under dir that pin the components. Only their
// go.mod files contain the versions.
func modules(dir string) []gobuild.Module {
	return []gobuild.Module{
		{
			Dir:      filepath.Join(dir, "kubernetes"),
			Path:     "k8s.io/kubernetes",
			LDFlags:  kubernetesVersion,
			Duration: 7 * time.Minute,
			Programs: []gobuild.Program{
				{Name: string(Etcd), Package: "go.etcd.io/etcd/server/v3", Path: "go.etcd.io/etcd/server/v3"},
				{Name: string(APIServer), Package: "k8s.io/kubernetes/cmd/kube-apiserver"},
				{Name: string(ControllerManager), Package: "k8s.io/kubernetes/cmd/kube-controller-manager"},
				{Name: string(Scheduler), Package: "k8s.io/kubernetes/cmd/kube-scheduler"},
				{Name: string(Kubectl), Package: "k8s.io/kubernetes/cmd/kubectl"},
				{Name: string(KWOK), Package: "sigs.k8s.io/kwok/cmd/kwok", Path: "sigs.k8s.io/kwok"},
			},
		},
		{
			Dir:  filepath.Join(dir, "prometheus"),
			Path: "github.com/prometheus/prometheus",
			// Without service discovery plugins, one of which needs an
			// unavailable module. Targets are static here.
			Tags:     []string{"remove_all_sd"},
			LDFlags:  func(v string) string { return "-X github.com/prometheus/common/version.Version=" + v },
			Duration: 2 * time.Minute,
			Programs: []gobuild.Program{
				{Name: string(Prometheus), Package: "github.com/prometheus/prometheus/cmd/prometheus"},
			},
		},
		{
			Dir:      filepath.Join(dir, "jaeger"),
			Path:     "github.com/jaegertracing/jaeger",
			LDFlags:  func(v string) string { return "-X github.com/jaegertracing/jaeger/pkg/version.latestVersion=" + v },
			Duration: 2 * time.Minute,
			Programs: []gobuild.Program{
				{Name: string(Jaeger), Package: "github.com/jaegertracing/jaeger/cmd/all-in-one"},
			},
		},
		{
			Dir:      filepath.Join(dir, "keda"),
			Path:     "github.com/kedacore/keda/v2",
			LDFlags:  func(v string) string { return "-X github.com/kedacore/keda/v2/version.Version=" + v[1:] },
			Duration: 12 * time.Minute,
			Programs: []gobuild.Program{
				{Name: string(KEDAOperator), Package: "github.com/kedacore/keda/v2/cmd/operator"},
				{Name: string(KEDAAdapter), Package: "github.com/kedacore/keda/v2/cmd/adapter"},
			},
		},
		{
			Dir:      filepath.Join(dir, "helm"),
			Path:     "helm.sh/helm/v4",
			LDFlags:  func(v string) string { return "-X helm.sh/helm/v4/internal/version.version=" + v },
			Duration: 2 * time.Minute,
			Programs: []gobuild.Program{
				{Name: string(Helm), Package: "helm.sh/helm/v4/cmd/helm"},
			},
		},
	}
}

// kubernetesVersion makes discovery and `kubectl version` report the pinned version, as
// in a release build. Without it the API server reports v0.0.0 and accepts no emulation
// version.
func kubernetesVersion(version string) string {
	const pkg = "k8s.io/component-base/version"
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return fmt.Sprintf("-X %s.gitVersion=%s -X %s.gitMajor=%s -X %s.gitMinor=%s", pkg, version, pkg, parts[0], pkg, parts[1])
}
