package controlplane

import "strconv"

// Service addresses and pod addresses exist in objects only; nothing routes them.
const (
	serviceRange = "10.96.0.0/12"
	firstService = "10.96.0.1"
	podRange     = "10.128.0.0/9"
)

// etcdArgs lets etcd skip fsync, because its data does not outlive the cluster.
// Clients and peers need a certificate, which keeps out other users of the machine.
func (s settings) etcdArgs() []string {
	client := loopbackURL("https", s.ports.etcdClient)
	peer := loopbackURL("https", s.ports.etcdPeer)
	return []string{
		"--name=etcd",
		"--data-dir=" + s.path("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=etcd=" + peer,
		"--listen-metrics-urls=" + loopbackURL("http", s.ports.etcdHealth),
		"--client-cert-auth",
		"--trusted-ca-file=" + s.pki("etcd-ca.crt"),
		"--cert-file=" + s.pki("etcd.crt"),
		"--key-file=" + s.pki("etcd.key"),
		"--peer-client-cert-auth",
		"--peer-trusted-ca-file=" + s.pki("etcd-ca.crt"),
		"--peer-cert-file=" + s.pki("etcd.crt"),
		"--peer-key-file=" + s.pki("etcd.key"),
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

// apiServerArgs sets up what an extension API server relies on: RBAC, and a front
// proxy whose authority differs from that of the clients, since otherwise any
// client could pose as the proxy. The aggregator must not route by
// endpoints, because only by Service does it reach one of type ExternalName.
func (s settings) apiServerArgs() []string {
	return []string{
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(s.ports.apiServer),
		// Nothing reads the endpoints of the Service kubernetes, and a machine
		// without a network has no other address.
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + s.pki("server.crt"),
		"--tls-private-key-file=" + s.pki("server.key"),
		"--etcd-servers=" + loopbackURL("https", s.ports.etcdClient),
		"--etcd-cafile=" + s.pki("etcd-ca.crt"),
		"--etcd-certfile=" + s.pki("etcd.crt"),
		"--etcd-keyfile=" + s.pki("etcd.key"),
		"--client-ca-file=" + s.pki("ca.crt"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceRange,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + s.pki("service-account.key"),
		"--service-account-signing-key-file=" + s.pki("service-account.key"),
		"--requestheader-client-ca-file=" + s.pki("front-proxy-ca.crt"),
		"--requestheader-allowed-names=" + frontProxyName,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-uid-headers=X-Remote-Uid",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + s.pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + s.pki("front-proxy-client.key"),
		"--profiling=false",
		s.verbosityArg(),
	}
}

func (s settings) controllerManagerArgs() []string {
	return append(s.clientArgs(ControllerManager, s.ports.controllerManager),
		"--horizontal-pod-autoscaler-sync-period="+s.hpaSyncPeriod.String(),
		"--use-service-account-credentials",
		"--service-account-private-key-file="+s.pki("service-account.key"),
		"--root-ca-file="+s.pki("ca.crt"),
		"--cluster-signing-cert-file="+s.pki("ca.crt"),
		"--cluster-signing-key-file="+s.pki("ca.key"),
	)
}

func (s settings) schedulerArgs() []string { return s.clientArgs(Scheduler, s.ports.scheduler) }

// clientArgs are common to the programs that kube-apiserver authenticates and that
// serve their health on a port of their own. Scaling a whole application at once
// would run into the default limits of 20 or 50 requests per second.
func (s settings) clientArgs(component Component, port int) []string {
	kubeconfig := s.kubeconfig(string(component))
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + s.pki("server.crt"),
		"--tls-private-key-file=" + s.pki("server.key"),
		"--leader-elect=false",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--profiling=false",
		s.verbosityArg(),
	}
}

func (s settings) kwokArgs() []string {
	return []string{
		"--kubeconfig=" + s.kubeconfig(string(KWOK)),
		"--config=" + s.path(stagesFile),
		"--manage-all-nodes",
		"--node-lease-duration-seconds=40",
		"--cidr=" + podRange,
	}
}

func (s settings) verbosityArg() string { return "--v=" + strconv.Itoa(s.verbosity) }
