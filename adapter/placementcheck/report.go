package placementcheck

import (
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// Report is about one application.
type Report struct {
	Application string   `json:"application"`
	Zones       []string `json:"zones"`
	Nodes       int      `json:"nodes"`
	Pods        int      `json:"pods"`
	// ByScheduler is how many of the pods name DeepScaler's own scheduler.
	ByScheduler int `json:"podsByDeepScalersScheduler"`
	// Now is the present layout with the present routing, NowSameZone that layout with
	// PreferSameZone on every Service. The others are the layout of the plugin.
	Now            Traffic   `json:"now"`
	NowSameZone    Traffic   `json:"nowWithPreferSameZone"`
	Plugin         Traffic   `json:"plugin"`
	PluginSameZone Traffic   `json:"pluginWithPreferSameZone"`
	Services       []Service `json:"services"`
	// Advice is what to do, in order, and Notes are what limits the report.
	Advice []string `json:"advice"`
	Notes  []string `json:"notes,omitempty"`
}

// Traffic is where calls between services go.
type Traffic struct {
	// Calls per second, and the shares of them that cross zones and stay on their node.
	Calls     explain.Number `json:"callsPerSecond"`
	CrossZone explain.Number `json:"crossZone"`
	SameNode  explain.Number `json:"sameNode"`
	// Busiest is the load per pod in the busiest zone of a service, where 1 is its mean.
	Busiest explain.Number `json:"busiest"`
}

func traffic(t placement.Traffic) Traffic {
	return Traffic{explain.Number(t.Calls), explain.Number(t.CrossZone), explain.Number(t.SameNode), explain.Number(t.Busiest)}
}

// Service is a workload. Its traffic is that of the calls to it.
type Service struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Routes are the Kubernetes Services that lead to its pods.
	Routes []Route `json:"routes"`
	// Now and the others are as in [Report].
	Now            Traffic `json:"now"`
	NowSameZone    Traffic `json:"nowWithPreferSameZone"`
	Plugin         Traffic `json:"plugin"`
	PluginSameZone Traffic `json:"pluginWithPreferSameZone"`
	Zones          []Zone  `json:"zones"`
	Pods           []Pod   `json:"pods"`
}

// Route is a Kubernetes Service; Distribution is its spec.trafficDistribution, "" if not set.
type Route struct {
	Name         string `json:"name"`
	Distribution string `json:"trafficDistribution"`
}

// Zone has the pods of a service in a zone, now and as the plugin would have placed them.
type Zone struct {
	Name   string `json:"name"`
	Now    int    `json:"now"`
	Plugin int    `json:"plugin"`
}

// Pod is where a pod runs, and where the plugin's score would have put it.
type Pod struct {
	Name       string `json:"name"`
	Node       string `json:"node"`
	Zone       string `json:"zone"`
	PluginNode string `json:"pluginNode"`
	PluginZone string `json:"pluginZone"`
}
