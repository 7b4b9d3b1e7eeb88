// Package compare checks the arithmetic of package hpa against the HPA controller of a
// real kube-controller-manager.
//
// The scale targets are puppets: custom resources whose replicas only the controller
// sets, and whose status and pods only the test sets. So it is known what the controller saw
// in each decision, and what it made of it.
package compare

import (
	"context"
	"os"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

const (
	namespace = "default"
	syncEvery = 2 * time.Second
	puppets   = 32
	// noticed is how long the controller may need to notice what has changed.
	noticed = syncEvery / 4
	// patience bounds every wait. Load on the machine may use it up; nothing that
	// works needs it.
	patience = 5 * time.Minute
)

// site is a control plane with an administrator's clients.
type site struct {
	cluster *controlplane.Cluster
	client  kubernetes.Interface
	objects dynamic.Interface
}

func start(t *testing.T) *site {
	t.Helper()
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{HPASyncPeriod: syncEvery, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	config := cluster.RESTConfig()
	config.QPS, config.Burst = 500, 500
	s := &site{cluster: cluster}
	if s.client, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	if s.objects, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	return s
}

// eventually calls check until it returns nil.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("wait until %s: %v", what, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
