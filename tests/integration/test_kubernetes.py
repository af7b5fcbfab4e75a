"""The Kubernetes manifest of examples/deploy, read by the types of Kubernetes' own API."""

import pytest

import kubernetes_types
import programs

MANIFEST = programs.EXAMPLES / "deploy/kubernetes.yaml"

pytestmark = pytest.mark.skipif(
    not kubernetes_types.GO, reason="no Go here, which fetches the types of Kubernetes"
)


@pytest.fixture(scope="module", name="types")
def fixture_types():
    folders = kubernetes_types.fetch_modules()
    if isinstance(folders, str):
        pytest.skip(f"Kubernetes' modules are not to be had: {folders}")
    return kubernetes_types.Types(folders)


def read(types, path):
    """Return what is read of a manifest, or what it is refused for."""
    try:
        return kubernetes_types.read(types, path)
    except kubernetes_types.ManifestError as refusal:
        return str(refusal)


def asked(path, period, failures, timeout=0):
    """Return a probe as the reader tells it; a timeout that is not set is a second."""
    return {
        "path": path, "port": 8080, "timeout_seconds": timeout, "period_seconds": period,
        "failure_threshold": failures,
    }  # fmt: skip


def test_a_kubelet_asks_for_the_right_paths_and_leaves_time_to_drain(types):
    """Live looks at no dependency; what is under way has the grace less the sleep before it."""
    assert read(types, MANIFEST) == {
        "kind": "Deployment",
        "replicas": 3,
        "grace_seconds": 40,
        "sleep_seconds": 5,
        "startup": asked("/health/", 1, 30),
        "liveness": asked("/health/ping", 10, 3, 1),
        "readiness": asked("/health/", 5, 2, 1),
    }


@pytest.mark.parametrize(
    ("text", "instead", "problem"),
    [
        ("livenessProbe:", "livenessprobes:", "unknown field"),
        ("failureThreshold: 2", "failureThresholds: 2", "unknown field"),
        ("periodSeconds: 5", "periodSeconds: often", "cannot unmarshal"),
        ("replicas: 3", "replicas: 3\n  replicas: 4", "already set"),
        ("path: /health/ping, port: http", "path: /health/ping, port: https", "has no port"),
        ("      terminationGracePeriodSeconds: 40\n", "", "terminationGracePeriodSeconds"),
        ("kind: Deployment", "kind: DaemonSet", "is no Deployment"),
        ("sleep: {seconds: 5}", "sleep: {second: 5}", "unknown field"),
        ("containers:", "containers: {}\n      initContainers:", "cannot unmarshal"),
        ("replicas: 3", "replicas: 3\n  paused: 1", "cannot unmarshal"),
    ],
)
def test_a_manifest_that_kubernetes_would_take_otherwise_is_refused(
    types, tmp_path, text, instead, problem
):
    """So the test above can fail."""
    whole = MANIFEST.read_text(encoding="utf-8")
    assert text in whole
    changed = tmp_path / "manifest.yaml"
    changed.write_text(whole.replace(text, instead, 1), encoding="utf-8")
    assert problem in read(types, changed)
