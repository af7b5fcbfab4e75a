"""Our provider for programs that do not name it, chosen by the environment."""

import os
import subprocess
import sys

import processes
import pytest

from impact_stack.observability.tracing import environment_variables

PROGRAM = """
from opentelemetry import trace
for number in range(20):
    with trace.get_tracer("program").start_as_current_span("work"):
        pass
assert type(trace.get_tracer_provider()).__module__.startswith("impact_stack"), (
    trace.get_tracer_provider())
"""

INSTRUMENTED = (
    PROGRAM
    + """
import os, requests
with trace.get_tracer("program").start_as_current_span("around"):
    requests.get(os.environ["URL"], timeout=10)
"""
)


@pytest.fixture(name="server")
def fixture_server():
    """Return a running collector."""
    with processes.collector() as server:
        yield server


def test_the_provider_is_chosen_by_its_name(server, tmp_path):
    """Without opentelemetry-instrument; what waits is exported at the end."""
    env = server.environment(OTEL_PYTHON_TRACER_PROVIDER="impact_stack", OTEL_SERVICE_NAME="auto")
    processes.run(PROGRAM, tmp_path, env)
    server.exported.check("work", 20)
    assert {one["service.name"] for one in server.exported.resources} == {"auto"}


def test_its_exporter_is_otlp_unless_the_environment_says_otherwise(server, tmp_path):
    """As the specification has it; in a Flask app it is none."""
    env = server.environment(OTEL_PYTHON_TRACER_PROVIDER="impact_stack")
    for exporter, count in (("", 20), ("none", 0)):
        server.requests.clear()
        processes.run(PROGRAM, tmp_path, env | {"OTEL_TRACES_EXPORTER": exporter})
        server.exported.check("work", count)


def test_the_environment_stays_as_it_was(server, tmp_path):
    """What the program starts later would find in it what was not set."""
    program = f"import os\nbefore = dict(os.environ)\n{PROGRAM}\nassert os.environ == before"
    env = server.environment(OTEL_PYTHON_TRACER_PROVIDER="impact_stack")
    env.pop("OTEL_TRACES_EXPORTER", None)
    processes.run(program, tmp_path, env)
    server.exported.check("work", 20)


def instrument(server, folder, *arguments, **more):
    """Run the program under opentelemetry-instrument."""
    (folder / "program.py").write_text(INSTRUMENTED)
    url = f"http://127.0.0.1:{server.server_port}/"
    env = server.environment(URL=url, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="celery,redis", **more)
    subprocess.run(
        [processes.BIN / "opentelemetry-instrument", *arguments, sys.executable, "program.py"],
        cwd=folder,
        env=env,
        check=True,
        timeout=processes.DEADLINE_SECONDS,
    )


def test_opentelemetry_instrument_takes_our_distro_and_our_configurator(server, tmp_path):
    """The program has no line for it, and what it calls makes spans."""
    instrument(server, tmp_path)
    server.exported.check("work", 20)
    server.exported.check("GET", 1)
    around = server.exported.named("around")[0]
    assert server.exported.named("GET")[0].parent_span_id == around.span_id


def test_they_can_be_chosen_by_name(server, tmp_path):
    """Where another distro is installed as well."""
    instrument(
        server, tmp_path, OTEL_PYTHON_DISTRO="impact_stack", OTEL_PYTHON_CONFIGURATOR="impact_stack"
    )
    server.exported.check("work", 20)


@pytest.mark.parametrize(("choice", "is_ours"), [("", True), ("contrib", False)])
def test_flask_apps_are_traced_by_ours_unless_contribs_is_asked_for(tmp_path, choice, is_ours):
    """As in an app that calls Tracing."""
    program = "import flask; print(type(flask.Flask('app')).__module__)"
    command = [processes.BIN / "opentelemetry-instrument", sys.executable, "-c", program]
    env = processes.environment("", OTEL_TRACES_EXPORTER="none", TRACING_FLASK=choice)
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("impact_stack.") is is_ours, done.stdout


def test_its_arguments_are_ours_where_the_sdk_has_none():
    """--service_name and its like; one that the SDK has, too, may not be there twice."""
    ours = {name for name in dir(environment_variables) if name.startswith("OTEL_")}
    assert not ours
    program = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if "sdk" in name else found(name)
from impact_stack.observability.tracing import environment_variables
assert environment_variables.OTEL_SERVICE_NAME == "OTEL_SERVICE_NAME"
"""
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ, timeout=60)


def test_tracing_can_be_imported_without_flask():
    """Programs that are no Flask apps do not pay for it."""
    program = """
import sys
import impact_stack.observability.tracing.auto
assert "flask" not in sys.modules and "opentelemetry.sdk" not in sys.modules
assert "multiprocessing.util" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
