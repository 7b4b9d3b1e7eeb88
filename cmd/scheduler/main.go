// Command scheduler is kube-scheduler with the plugin DeepScaler.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-scheduler/app"

	"github.com/deepscaler/deepscaler/adapter/placement"
)

func main() { os.Exit(cli.Run(app.NewSchedulerCommand(app.WithPlugin(placement.Name, placement.New)))) }
