// The modules whose custom resource definitions the manifests are verified against, and whose contract
// hack/proto is verified against. No code is built
// from them; the go.sum beside this file pins their content. `go mod tidy` would empty both.
module github.com/deepscaler/deepscaler/hack/verify/crds

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/karpenter v1.14.1
)
