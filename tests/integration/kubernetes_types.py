"""Manifests, read as Kubernetes reads them: strictly, by the types of its own API.

The types are read from the Go sources of k8s.io/api and k8s.io/apimachinery, of which the modules
are fetched (tests/kubernetes/go.mod), and nothing is compiled: that took a minute.
"""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

import yaml

import programs

GO = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
SOURCES = programs.ROOT / "tests/kubernetes"
CANNOT_GET = re.compile(r"dial tcp|no such host|not available|Forbidden|toolchain|requires go")

# What the files call each other: import names are the same in all of them.
PACKAGES = {
    "appsv1": "k8s.io/api/apps/v1",
    "v1": "k8s.io/api/core/v1",
    "metav1": "k8s.io/apimachinery/pkg/apis/meta/v1",
}
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^type (\w+) ([\w.\[\]*]+)$", re.MULTILINE)
FIELD = re.compile(r'^\t(?:(\w+)\s+)?([\w.\[\]*]+)\s+`json:"([\w-]*)[^`]*`', re.MULTILINE)
SCALARS = {"string": str, "bool": bool} | dict.fromkeys(("int", "int32", "int64"), int)
OWN = {"intstr.IntOrString": (int, str)}  # types that read themselves; others take anything


class ManifestError(Exception):
    """Kubernetes would not take it."""


def fetch_modules():
    """Return where the sources are, by module; a string: why they are not to be had."""
    done = subprocess.run(
        [GO, "mod", "download", "-json", "k8s.io/api", "k8s.io/apimachinery"],
        cwd=SOURCES,
        env=os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        assert CANNOT_GET.search(done.stdout + done.stderr), done.stdout + done.stderr
        return (done.stdout + done.stderr).strip()
    text, decoder, folders = done.stdout.strip(), json.JSONDecoder(), {}
    while text:
        module, end = decoder.raw_decode(text)
        folders[module["Path"]] = pathlib.Path(module["Dir"])
        text = text[end:].strip()
    return folders


class Types:
    """What the structs of the API have, by package and name."""

    def __init__(self, folders):
        self.structs, self.named = {}, {}
        for short, path in PACKAGES.items():
            module = next(name for name in folders if path.startswith(name + "/"))
            source = (folders[module] / path.removeprefix(module + "/") / "types.go").read_text()
            for name, body in STRUCT.findall(source):
                self.structs[short, name] = FIELD.findall(body)
            self.named |= {(short, name): (short, kind) for name, kind in NAMED.findall(source)}

    def find(self, package, kind):
        """Return the package and the name of a type that is mentioned in a package."""
        prefix, _, name = kind.rpartition(".")
        return (prefix or package, name)

    @functools.cache  # noqa: B019 (there is one, and it lives as long as the tests)
    def fields(self, package, name):
        """Return {key: (package, type)}, those of embedded structs among them."""
        found = {}
        for field, kind, key in self.structs[package, name]:
            where = self.find(package, kind.lstrip("*"))
            if key:
                found[key] = (package, kind)
            elif not field or where in self.structs:
                found |= self.fields(*where)
        return found

    def check(self, value, package, kind, place=""):
        """Refuse what such a type does not have."""
        kind = kind.lstrip("*")
        where = self.find(package, kind)
        if value is None:
            return
        if kind.startswith("[]"):
            self.check_list(value, package, kind[2:], place)
        elif where in self.structs:
            self.check_struct(value, where, place)
        elif where in self.named:
            self.check(value, *self.named[where], place)
        else:
            self.check_scalar(value, kind, place)

    def check_list(self, value, package, kind, place):
        if not isinstance(value, list):
            raise ManifestError(f"{place}: cannot unmarshal {value!r} into a list")
        for number, item in enumerate(value):
            self.check(item, package, kind, f"{place}[{number}]")

    def check_struct(self, value, where, place):
        if not isinstance(value, dict):
            raise ManifestError(f"{place}: cannot unmarshal {value!r} into {where[1]}")
        fields = self.fields(*where)
        for key, item in value.items():
            if key not in fields:
                raise ManifestError(f'{place}: unknown field "{key}" of {where[1]}')
            self.check(item, *fields[key], f"{place}.{key}")

    def check_scalar(self, value, kind, place):
        wanted = SCALARS.get(kind) or OWN.get(kind)
        is_whole = not isinstance(value, bool) or wanted is bool
        if wanted and not (isinstance(value, wanted) and is_whole):
            raise ManifestError(f"{place}: cannot unmarshal {value!r} into {kind}")


class OnceLoader(yaml.SafeLoader):
    """A key that is there twice is an error, as to Kubernetes."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ManifestError(f'key "{key}" is already set')
        return super().construct_mapping(node, deep)


# ---- what a kubelet makes of it ----


def port_of(container, port):
    """Return the number of a port, which a probe may call by its name."""
    if isinstance(port, int):
        return port
    for known in container["ports"]:
        if known.get("name") == port:
            return known["containerPort"]
    raise ManifestError(f"the container has no port {port}")


def asked_by(container, name):
    probe = container.get(name)
    if not probe or "httpGet" not in probe:
        raise ManifestError(f"the container has no {name} that asks by HTTP")
    return {
        "path": probe["httpGet"]["path"],
        "port": port_of(container, probe["httpGet"]["port"]),
        "timeout_seconds": probe.get("timeoutSeconds", 0),
        "period_seconds": probe.get("periodSeconds", 0),
        "failure_threshold": probe.get("failureThreshold", 0),
    }


def read(types, path):
    """Return when a kubelet asks and how a pod ends."""
    deployment = yaml.load(path.read_text(encoding="utf-8"), OnceLoader)
    if (deployment.get("apiVersion"), deployment.get("kind")) != ("apps/v1", "Deployment"):
        raise ManifestError(f"{deployment.get('kind')} is no Deployment of apps/v1")
    types.check(deployment, "appsv1", "Deployment")
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    if "terminationGracePeriodSeconds" not in spec:
        raise ManifestError("terminationGracePeriodSeconds is wanted")
    return {
        "kind": deployment["kind"],
        "replicas": deployment["spec"]["replicas"],
        "grace_seconds": spec["terminationGracePeriodSeconds"],
        "sleep_seconds": container["lifecycle"]["preStop"]["sleep"]["seconds"],
        "startup": asked_by(container, "startupProbe"),
        "liveness": asked_by(container, "livenessProbe"),
        "readiness": asked_by(container, "readinessProbe"),
    }
