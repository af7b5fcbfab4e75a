"""The names of the original package, as docs/flask.md has them, and that page followed."""

import inspect
import json
import os
import pathlib
import re
import signal

import flask
import processes
import pytest

from impact_stack.observability import tracing

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "flask.md"
TESTS = pathlib.Path(__file__).parent

SIGNATURES = {
    tracing.Tracing: "app=None",
    tracing.Tracing.init_app: "self app resource_attributes=None resource_detectors=None"
    " tracer_provider=None set_global_tracer_provider=True initialize_exporters=True",
    tracing.Tracing.init_celery: "self celery_app",
    tracing.init_tracing: "attributes=None resource_detectors=None tracer_provider=None"
    " set_global_tracer_provider=True initialize_exporters=True",
    tracing.autoinstrument_app: "app instrumentors=None tracer_provider=None",
    tracing.new_span: "name unwrap_attributes_from_return_value=False return_value_as=None"
    " args_as=None tracer_provider=None",
}


def written(parameter):
    """Return a parameter as it is written above."""
    default = "" if parameter.default is parameter.empty else f"={parameter.default}"
    return parameter.name + default


@pytest.mark.parametrize("function", SIGNATURES)
def test_the_signatures_are_those_of_the_original(function):
    """Names, order and defaults of what can be given by position."""
    parameters = inspect.signature(function).parameters.values()
    ours = [written(one) for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert " ".join(ours) == SIGNATURES[function]


def test_the_configuration_has_the_same_keys():
    """What is not there has the same default."""
    app = flask.Flask("original")
    app.config.update(TRACING_INSTRUMENTORS=["flask"], TRACING_RESOURCE_ATTRIBUTES={"a": 1})
    extension = tracing.Tracing()
    extension.init_app(app, set_global_tracer_provider=False)
    assert extension.tracer_provider.resource.attributes["a"] == 1
    assert app.extensions["tracing"] is extension
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_without_a_word_there_is_no_exporter(monkeypatch):
    """The specification's default is otlp, the original's none; `none` and nothing are the same."""
    for value in (None, "", "none"):
        monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
        if value is not None:
            monkeypatch.setenv("OTEL_TRACES_EXPORTER", value)
        provider = tracing.init_tracing(set_global_tracer_provider=False)
        provider.get_tracer("tests").start_span("nowhere").end()
        assert provider.force_flush(1000)
        assert provider.stats()["failed"] == 0


def test_the_process_id_is_that_of_the_worker(tmp_path):
    """Also where the provider was made before the fork; and so is its service.instance.id."""
    program = """
import os
from impact_stack.observability import tracing
tracer = tracing.init_tracing().get_tracer("tests")
tracer.start_span("master").end()
child = os.fork()
tracer.start_span("worker" if child == 0 else "master").end()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    with processes.collector() as server:
        processes.run(program, tmp_path, server.environment())
        exported = server.exported
    exported.check("worker", 1)
    exported.check("master", 2)
    assert exported.pids_of("worker").isdisjoint(exported.pids_of("master"))
    assert len(exported.instances) == 2


# ---- the page itself ----


def rows():
    """Return the rows of the table of the original, as cells."""
    table = PAGE.read_text().split("| original | ours | why | test |\n")[1]
    return [line.strip("| ").split("|") for line in table.splitlines()[1:]]


def named_in(cell):
    """Return the files and tests that a cell names: "file: test, test; file: test"."""
    for part in cell.split(";"):
        file, names = part.split(":")
        for name in names.split(","):
            yield file.strip(), name.strip()


def test_every_row_of_the_page_is_a_test():
    """Which is there."""
    assert len(rows()) > 20
    for row in rows():
        for file, name in named_in(row[-1]):
            assert f"def {name}(" in (TESTS / f"{file}_test.py").read_text(), row


def block(number):
    """Return one of the blocks of code of the page."""
    return re.findall(r"```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL)[number]


def test_what_a_newcomer_types_works(tmp_path):
    """The app of the page, under the command of the page."""
    (tmp_path / "hello.py").write_text(block(1))
    assert "venv/bin/flask --app hello run &" in block(2)
    command = [processes.BIN / "flask", "--app", "hello", "run", "--port", "0"]
    env = processes.environment("", OTEL_TRACES_EXPORTER="tree", OTEL_SERVICE_NAME="hello")
    with processes.serving(command, tmp_path, env) as server:
        url = server.wait_for(
            lambda: re.search(r"Running on (http://127\.0\.0\.1:\d+)", server.log), "listening"
        )[1]
        assert processes.get(f"{url}/hello/world") == "hello world\n"
        assert json.loads(processes.get(f"{url}/health/"))["checks"] == {"true": True}
        server.stop(signal.SIGINT)
    assert "GET /hello/<name>" in server.log


def test_the_command_without_a_line_of_code_works(tmp_path):
    """The app of the page without its tracing."""
    lines = block(1).splitlines(keepends=True)
    (tmp_path / "hello.py").write_text("".join(one for one in lines if "Tracing" not in one))
    command = [processes.BIN / "opentelemetry-instrument", processes.BIN / "flask"]
    with processes.collector() as collector:
        env = collector.environment(PATH=f"{processes.BIN}{os.pathsep}{os.environ['PATH']}")
        command += ["--app", "hello", "run", "--port", "0"]
        with processes.serving(command, tmp_path, env) as server:
            url = server.wait_for(
                lambda: re.search(r"Running on (http://127\.0\.0\.1:\d+)", server.log), "listening"
            )[1]
            processes.get(f"{url}/hello/world")
            server.stop(signal.SIGINT)
        collector.exported.check("GET /hello/<name>", 1)
