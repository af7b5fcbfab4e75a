// What the manifests of examples/deploy are read by: the sources of Kubernetes' types. Nothing is
// compiled (tests/integration/kubernetes_types.py).
module impact/tests/kubernetes

go 1.26.0

require (
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
)
