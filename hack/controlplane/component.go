package controlplane

// Component names one of the programs that [Build] can produce.
type Component string

// The components, under the names their projects give the programs.
const (
	Etcd              Component = "etcd"
	APIServer         Component = "kube-apiserver"
	ControllerManager Component = "kube-controller-manager"
	Scheduler         Component = "kube-scheduler"
	Kubectl           Component = "kubectl"
	KWOK              Component = "kwok"
	Prometheus        Component = "prometheus"
	Jaeger            Component = "jaeger"
)
