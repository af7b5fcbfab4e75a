"""The Kubernetes manifest of examples/deploy, read by Kubernetes' own Go types."""

import json
import os
import re
import shutil
import subprocess

import pytest

import programs

MANIFEST = programs.EXAMPLES / "deploy/kubernetes.yaml"
SOURCES = programs.ROOT / "tests/kubernetes"
GO = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
CANNOT_GET = re.compile(r"dial tcp|no such host|not available|Forbidden|toolchain|requires go")

pytestmark = pytest.mark.skipif(not GO, reason="no Go here, whose types of Kubernetes are wanted")


@pytest.fixture(scope="module", name="reader")
def fixture_reader():
    """Build what reads manifests: the first time takes a minute, and the next a second."""
    program = programs.BUILD / "kubernetes/manifest"
    done = subprocess.run(
        ["nice", GO, "build", "-mod=readonly", "-buildvcs=false", "-o", program, "."],
        cwd=SOURCES,
        env=os.environ
        | {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOCACHE": str(programs.BUILD / "go")},
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if CANNOT_GET.search(done.stderr):
        pytest.skip(f"Kubernetes' modules are not to be had: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return program


def read(reader, path):
    """Return what it says of a manifest, or what it refuses it for."""
    done = subprocess.run([reader, path], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else json.loads(done.stdout)


def asked(path, period, failures, timeout=0):
    """Return a probe as the reader tells it; a timeout that is not set is a second."""
    return {
        "path": path, "port": 8080, "timeout_seconds": timeout, "period_seconds": period,
        "failure_threshold": failures,
    }  # fmt: skip


def test_a_kubelet_asks_for_the_right_paths_and_leaves_time_to_drain(reader):
    """Live looks at no dependency; what is under way has the grace less the sleep before it."""
    assert read(reader, MANIFEST) == {
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
    ],
)
def test_a_manifest_that_kubernetes_would_take_otherwise_is_refused(
    reader, tmp_path, text, instead, problem
):
    """So the test above can fail."""
    whole = MANIFEST.read_text(encoding="utf-8")
    assert text in whole
    changed = tmp_path / "manifest.yaml"
    changed.write_text(whole.replace(text, instead, 1), encoding="utf-8")
    assert problem in read(reader, changed)
