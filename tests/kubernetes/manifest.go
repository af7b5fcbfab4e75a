// Reads a manifest as Kubernetes does, by its own Go types and strictly: a field that they do not
// have, or one that is there twice, is an error. Prints, as JSON, when a kubelet asks and how a pod
// ends.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// asked is one probe, as the kubelet makes the request.
type asked struct {
	Path             string `json:"path"`
	Port             int32  `json:"port"`
	TimeoutSeconds   int32  `json:"timeout_seconds"`
	PeriodSeconds    int32  `json:"period_seconds"`
	FailureThreshold int32  `json:"failure_threshold"`
}

type pod struct {
	Kind         string `json:"kind"`
	Replicas     int32  `json:"replicas"`
	GraceSeconds int64  `json:"grace_seconds"`
	SleepSeconds int64  `json:"sleep_seconds"` // between leaving the endpoints and SIGTERM
	Startup      asked  `json:"startup"`
	Liveness     asked  `json:"liveness"`
	Readiness    asked  `json:"readiness"`
}

func fail(problem error) {
	fmt.Fprintln(os.Stderr, problem)
	os.Exit(1)
}

// portOf is the number of a port, which a probe may call by its name.
func portOf(container core.Container, port intstr.IntOrString) int32 {
	for _, known := range container.Ports {
		if port.Type == intstr.String && known.Name == port.StrVal {
			return known.ContainerPort
		}
	}
	if port.Type == intstr.String {
		fail(fmt.Errorf("the container has no port %q", port.StrVal))
	}
	return port.IntVal
}

func askedBy(container core.Container, name string, probe *core.Probe) asked {
	if probe == nil || probe.HTTPGet == nil {
		fail(fmt.Errorf("the container has no %s that asks by HTTP", name))
	}
	return asked{
		Path:             probe.HTTPGet.Path,
		Port:             portOf(container, probe.HTTPGet.Port),
		TimeoutSeconds:   probe.TimeoutSeconds,
		PeriodSeconds:    probe.PeriodSeconds,
		FailureThreshold: probe.FailureThreshold,
	}
}

func sleepOf(container core.Container) int64 {
	life := container.Lifecycle
	if life == nil || life.PreStop == nil || life.PreStop.Sleep == nil {
		return 0
	}
	return life.PreStop.Sleep.Seconds
}

func read(deployment *apps.Deployment, path string) {
	text, problem := os.ReadFile(path)
	if problem != nil {
		fail(problem)
	}
	if problem = yaml.UnmarshalStrict(text, deployment); problem != nil {
		fail(problem)
	}
	if deployment.APIVersion != "apps/v1" || deployment.Kind != "Deployment" {
		fail(fmt.Errorf("%s %s is no Deployment of apps/v1", deployment.APIVersion, deployment.Kind))
	}
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: manifest FILE"))
	}
	var deployment apps.Deployment
	read(&deployment, os.Args[1])
	spec := deployment.Spec.Template.Spec
	if deployment.Spec.Replicas == nil || spec.TerminationGracePeriodSeconds == nil || len(spec.Containers) != 1 {
		fail(fmt.Errorf("replicas, terminationGracePeriodSeconds and one container are wanted"))
	}
	container := spec.Containers[0]
	problem := json.NewEncoder(os.Stdout).Encode(pod{
		Kind:         deployment.Kind,
		Replicas:     *deployment.Spec.Replicas,
		GraceSeconds: *spec.TerminationGracePeriodSeconds,
		SleepSeconds: sleepOf(container),
		Startup:      askedBy(container, "startupProbe", container.StartupProbe),
		Liveness:     askedBy(container, "livenessProbe", container.LivenessProbe),
		Readiness:    askedBy(container, "readinessProbe", container.ReadinessProbe),
	})
	if problem != nil {
		fail(problem)
	}
}
