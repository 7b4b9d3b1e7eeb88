// Package controlplane builds and runs a real Kubernetes control plane without containers. It
// has etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK for the nodes and
// pods, with Prometheus and Jaeger beside them on demand.
//
// [Build] compiles pinned versions from Go modules (the nested modules under
// modules/) into the user's cache directory, once per version. [Start] runs them
// on free ports of 127.0.0.1 with a data directory of their own, so several
// clusters can run side by side:
//
//	cluster, err := controlplane.Start(ctx, controlplane.Options{Progress: os.Stderr})
//	if err != nil {
//		return err
//	}
//	defer cluster.Stop(context.WithoutCancel(ctx))
//	prometheus, err := cluster.StartPrometheus(ctx, controlplane.PrometheusOptions{
//		Jobs: []controlplane.ScrapeJob{{Name: "testbed", Targets: []string{"127.0.0.1:9000"}}},
//	})
//
// Nothing outlives the program that called Start: a guard process removes the
// processes and the data directory even if that program is killed.
//
// Differences from a production cluster: pods are simulated by KWOK and run no
// code, there is no network between them and no DNS, and Services of type
// ExternalName (see [LoopbackService]) stand for programs on the host.
package controlplane
