"""The wheel and the sdist that `make wheel` makes: what they are called, what they carry, and that
every interpreter at hand runs the one wheel."""

import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

import backend
from programs import ROOT

VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
OURS = "impact_stack/observability/"
# What the system has, or has not: plugins that are loaded when their check is asked for.
CLIENTS = {
    "libimpact-mariadb.so.0": {"libmariadb.so.3"},
    "libimpact-postgresql.so.0": {"libpq.so.5"},
    "libimpact-sqlite.so.0": {"libsqlite3.so.0"},
}
PROGRAM = """
from impact_stack.observability import _core
from impact_stack.observability.tracing import provider
import sys
assert _core.__file__.startswith(sys.argv[1]), _core.__file__
ours = provider.TracerProvider(exporters=("otlp",))
with ours.get_tracer("package").start_as_current_span("from the wheel"):
    pass
assert ours.force_flush(20_000)
print(_core.version(), "%d.%d" % sys.version_info[:2])
"""


def tool(script):
    """Return the lines that a script says which has tools/common.sh."""
    done = subprocess.run(
        ["sh", "-euc", f". tools/common.sh; {script}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


INTERPRETERS = tool("interpreters")


@pytest.fixture(scope="module", name="made")
def fixture_made():
    """Return what is made, by suffix."""
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, check=False).returncode:
        pytest.skip("the sdist is made of a git repository")
    done = subprocess.run([ROOT / "tools/wheel"], capture_output=True, text=True, check=True)
    return {pathlib.Path(path).suffix: pathlib.Path(path) for path in done.stdout.split()}


@pytest.fixture(scope="module", name="unpacked")
def fixture_unpacked(made, tmp_path_factory):
    """Return a folder that the wheel is unpacked in."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(made[".whl"]) as wheel:
        wheel.extractall(folder)
    return folder


def test_one_wheel_is_for_all_from_the_oldest_interpreter_on(made):
    """Its tag says the stable ABI, and how new the system must be at least."""
    version = subprocess.run(
        [INTERPRETERS[0], "-c", "import sys; print('%d%d' % sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    name = rf"impact_stack_observability-{re.escape(VERSION)}-cp{version}-abi3-manylinux_2_\d+_\w+"
    assert re.fullmatch(name, made[".whl"].stem)


def test_a_wheel_carries_what_it_needs(unpacked):
    """No library of it asks for one that is neither in it nor in every Linux."""
    needed, present = set(), set()
    for library in unpacked.rglob("*.so*"):
        present.add(library.name)
        told = subprocess.run(
            ["readelf", "-dW", library], capture_output=True, text=True, check=True
        ).stdout
        needed |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", told)) - CLIENTS.get(library.name, set())
    assert any(name.startswith("libcurl") for name in present)
    # What every system of the tag has (PEP 600).
    everywhere = r"(libc|libm|libpthread|libdl|librt|libresolv|libz)\.so\.\d|ld-linux.*"
    assert {name for name in needed - present if not re.fullmatch(everywhere, name)} == set()


def test_a_wheel_carries_what_exports_and_what_checks_and_what_the_port_speaks(unpacked):
    """Servers of other libraries have no place in a Python process."""
    assert {path.name for path in (unpacked / OURS).glob("libimpact-*")} == {
        "libimpact-curl.so.0",
        "libimpact-http2.so.0",
        "libimpact-otlp.so.0",
        *CLIENTS,
    }


def test_a_wheel_is_typed_and_has_its_licence(unpacked):
    """Type checkers look for the marker and for the stubs of what is compiled."""
    for name in ("py.typed", "_core.pyi", "_core.abi3.so"):
        assert (unpacked / OURS / name).is_file()
    assert not (unpacked / "impact_stack/__init__.py").exists()  # others may live there too
    (licence,) = unpacked.glob("*.dist-info/licenses/LICENSE")
    assert "Apache License" in licence.read_text(encoding="utf-8")


def test_every_module_of_the_sources_is_in_the_wheel(unpacked):
    """What python/meson.build lists is what there is."""
    sources = ROOT / "python/impact_stack"
    here = {path.relative_to(sources) for path in sources.rglob("*.py")}
    there = {path.relative_to(unpacked / "impact_stack") for path in unpacked.rglob("*.py")}
    assert there == here


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_a_span_leaves_by_the_libraries_of_the_wheel(unpacked, interpreter):
    """Over HTTP, with the libcurl in it. What it needs of Python is that of the environment."""
    packages = sysconfig.get_path("purelib")
    with backend.sink() as server:
        done = subprocess.run(
            [interpreter, "-X", "dev", "-W", "error", "-c", PROGRAM, str(unpacked)],
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("OTEL_")},
                "PYTHONPATH": f"{unpacked}:{packages}",
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            },
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == VERSION
    (request,) = server.requests
    sent = service.ExportTraceServiceRequest.FromString(request["body"])
    assert sent.resource_spans[0].scope_spans[0].spans[0].name == "from the wheel"


def test_what_exports_is_built_where_there_is_no_pkg_config(tmp_path):
    """A compiler and the headers of libcurl and zlib are enough, as `pip install` is told."""
    folder = tmp_path / "build"
    parts = ["-Dtests=false", "-Dexamples=false", "-Dbench=false"]
    done = subprocess.run(
        ["sh", "-euc", '. tools/common.sh; meson setup "$@"', "sh", folder, *parts],
        cwd=ROOT, env={**os.environ, "PKG_CONFIG": "/nowhere", "CMAKE": "/nowhere"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    plugins = re.search(r"plugins *: (.*)", done.stdout)[1].split(", ")
    assert {"curl", "otlp"} <= set(plugins)
    assert "sqlite" not in plugins  # which shows that there was none


def test_an_sdist_has_the_core_and_the_tests(made):
    """It is built without the repository."""
    with tarfile.open(made[".gz"]) as archive:
        members = {name.partition("/")[2] for name in archive.getnames()}
        assert all(member.isfile() or member.isdir() for member in archive.getmembers())
    core = "subprojects/impact/"
    for name in (core + "meson.build", core + "include/impact/span.h", core + "VERSION"):
        assert name in members
    for name in ("tests/span_test.py", "_core/core.h", "LICENSE", "README.md", "PKG-INFO"):
        assert name in members


def test_the_version_stands_in_one_place():
    """What is installed here has it from there: the package, and the core in it."""
    program = (
        "from importlib.metadata import version; from impact_stack.observability import _core;"
        "print(version('impact-stack-observability'), _core.version())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [VERSION, VERSION]
    for name in ("meson.build", "python/meson.build", "python/pyproject.toml"):
        assert VERSION not in (ROOT / name).read_text(encoding="utf-8")
