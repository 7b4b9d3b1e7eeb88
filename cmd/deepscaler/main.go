// Command deepscaler jointly estimates the replicas of all services of a
// microservice application, and serves the numbers to Kubernetes.
package main

import (
	"fmt"
	"os"

	"k8s.io/component-base/cli"
)

func main() {
	if err := cli.RunNoErrOutput(newCommand(os.Args[0])); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
