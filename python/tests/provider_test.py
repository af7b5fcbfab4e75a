"""Providers: resource, tracers, flush and shutdown that tell the truth."""

import logging
import socket
import subprocess
import sys
import threading

import pytest
from opentelemetry import trace
from opentelemetry.proto.trace.v1 import trace_pb2

from conftest import assert_equation, attributes_of, exported_spans
from impact_stack.observability import tracing
from impact_stack.observability.tracing import repeated
from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.resource import Resource


def test_the_provider_is_one_of_the_api(provider):
    """The API's proxies ask for its truth."""
    assert isinstance(provider, trace.TracerProvider)
    assert provider


def test_a_scope_has_the_name_and_version_of_its_tracer(provider):
    """get_tracer is called by position, with four arguments."""
    provider.get_tracer("my.library", "2.1", "https://example.org/schema", {"k": 1}).start_span(
        "a"
    ).end()
    provider.get_tracer(None).start_span("b").end()
    provider.force_flush()
    data = trace_pb2.TracesData.FromString(provider.memory_data())
    scopes = {
        (scope_spans.scope.name, scope_spans.scope.version)
        for resource_spans in data.resource_spans
        for scope_spans in resource_spans.scope_spans
    }
    assert scopes == {("my.library", "2.1"), ("", "")}


def test_a_scope_has_the_schema_url_and_attributes_of_its_tracer(provider):
    """Whatever order they are given in; and another schema is another scope."""
    for attributes in ({"k": [1, None], "l": "x"}, {"l": "x", "k": [1, None]}):
        provider.get_tracer("lib", schema_url="https://a", attributes=attributes).start_span(
            "a"
        ).end()
    provider.get_tracer("lib", schema_url="https://b").start_span("b").end()
    provider.get_tracer("lib", None, None, 5).start_span("c").end()
    provider.force_flush()
    data = trace_pb2.TracesData.FromString(provider.memory_data())
    scopes = [
        (scope_spans.schema_url, attributes_of(scope_spans.scope), len(scope_spans.spans))
        for resource_spans in data.resource_spans
        for scope_spans in resource_spans.scope_spans
    ]
    assert scopes == [
        ("https://a", {"k": [1, None], "l": "x"}, 2),
        ("https://b", {}, 1),
        ("", {}, 1),
    ]


def test_the_resource_can_be_read():
    """The logging instrumentor asks for service.name."""
    provider = TracerProvider(
        attributes={"service.name": "shop", "list": ["a"], "odd": object}, exporters=()
    )
    attributes = provider.resource.attributes
    assert attributes.get("service.name") == "shop"
    assert attributes["list"] == ("a",)
    assert attributes["odd"] == str(object)
    assert provider.resource is provider.resource
    assert provider.resource.schema_url == ""


def test_tracers_keep_their_provider():
    """Nobody holds the provider but the span."""
    span = TracerProvider(exporters=("memory",)).get_tracer("x").start_span("a")
    span.set_attribute("k", 1)
    assert span.is_recording()
    span.end()


def test_shutdown_ends_recording(provider, tracer):
    """What ends later is counted, and nothing raises."""
    span = tracer.start_span("late")
    tracer.start_span("early").end()
    assert provider.shutdown(5000) is True
    span.end()
    tracer.start_span("after").end()
    assert provider.stats()["dropped_closed"] >= 1
    assert provider.stats()["exported"] == 1
    assert_equation(provider)


def test_flush_without_spans_is_true(provider):
    """There is nothing that was not exported; any number is a timeout."""
    assert provider.force_flush() is True
    assert provider.force_flush(timeout_millis=10.5) is True
    assert provider.force_flush(-1) in (True, False)
    with pytest.raises(TypeError):
        provider.force_flush("soon")


def test_flush_to_a_closed_port_is_false(monkeypatch):
    """What was lost is not called flushed, and the log says why."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    provider = TracerProvider(exporters=("otlp",))
    provider.get_tracer("x").start_span("a").end()
    assert provider.force_flush(1000) is False
    provider.shutdown(0)
    assert_equation(provider)


def test_flush_to_a_silent_server_lets_other_threads_run(monkeypatch):
    """The GIL is given away while C waits, and the timeout is kept."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        provider = TracerProvider(exporters=("otlp",))
        provider.get_tracer("x").start_span("a").end()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(provider.force_flush(60_000)))
        thread.start()
        connection, _ = silent.accept()  # this thread runs while the other one waits
        assert answers == []
        connection.close()
        silent.close()  # a retry is refused
        provider.shutdown(0)
        thread.join(timeout=30)
        assert answers == [False]


def test_an_exporter_that_does_not_exist_is_an_error():
    """In code; in the environment it is a line in the log (see below)."""
    with pytest.raises(RuntimeError, match="nonesuch"):
        TracerProvider(exporters=("memory", "nonesuch"))
    with pytest.raises(TypeError):
        TracerProvider(exporters="memory")
    with pytest.raises(RuntimeError, match="memory"):
        TracerProvider(exporters=()).memory_data()


def test_an_unknown_exporter_in_the_environment_is_logged():
    """The program goes on without it."""
    program = """
import logging
logging.basicConfig(format="%(name)s %(message)s")
from impact_stack.observability.tracing import provider
p = provider.TracerProvider()
p.get_tracer("x").start_span("a").end()
p.force_flush(1000)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"OTEL_TRACES_EXPORTER": "nonesuch", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "impact_stack.observability" in done.stderr
    assert "nonesuch" in done.stderr


def test_spans_of_many_threads_are_counted(provider, tracer):
    """Every span is in exactly one counter."""
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        for _ in range(500):
            tracer.start_span("a", attributes={"k": "v"}).end()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    provider.force_flush(5000)
    assert provider.stats()["ended"] == 2000
    assert_equation(provider)


def test_opentelemetry_sdk_is_not_imported():
    """Not by the package, and not by tracing an app with it."""
    program = """
import sys, flask
from impact_stack.observability import health, tracing
app = flask.Flask("x")
app.config["TRACING_INSTRUMENTORS"] = ["flask", "requests", "sqlalchemy"]
app.config["HEALTH_URL_SECRET"] = None
tracing.Tracing(app)
health.Health(app)
app.test_client().get("/health/")
found = [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
assert not found, found
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_init_tracing_sets_the_global_provider():
    """Tracers that were asked for before it follow."""
    program = """
from opentelemetry import trace
from impact_stack.observability import tracing
from impact_stack.observability.tracing import repeated
early = trace.get_tracer("early")
provider = tracing.init_tracing({"service.name": "x"})
assert trace.get_tracer_provider() is provider
assert early.start_span("a").is_recording()
other = tracing.init_tracing(set_global_tracer_provider=False)
assert trace.get_tracer_provider() is provider is not other
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_init_tracing_describes_the_process():
    """Attributes win over detectors; a detector that fails is left out."""

    class Broken:
        """A detector that fails."""

        def detect(self):
            """Fail."""
            raise OSError("no")

    detectors = [tracing.PlatformResourceDetector(), Broken()]
    attributes = {"host.name": "mine"}
    provider = tracing.init_tracing(attributes, detectors, set_global_tracer_provider=False)
    found = provider.resource.attributes
    assert found["host.name"] == "mine"
    assert found["python.version"] == sys.version.split()[0]
    assert found["telemetry.sdk.language"] == "python"
    with pytest.raises(TypeError):
        tracing.init_tracing({}, resource_attributes={})


def test_a_given_provider_is_taken(provider):
    """It keeps its own exporters."""
    taken = tracing.init_tracing(tracer_provider=provider, set_global_tracer_provider=False)
    assert taken is provider
    taken.get_tracer("x").start_span("a").end()
    assert "a" in exported_spans(provider)


@pytest.mark.parametrize("arguments, prints", [("exporters=()", False), ("", True)])
def test_no_exporter_is_no_exporter(arguments, prints):
    """Code that wants none gets none, whatever the environment says."""
    program = f"""
from impact_stack.observability.tracing import provider
p = provider.TracerProvider({arguments})
p.get_tracer("x").start_span("a").end()
p.shutdown(5000)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"OTEL_TRACES_EXPORTER": "console"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ('"name": "a"' in done.stdout) is prints


def test_one_span_ended_by_many_threads_ends_once(provider, tracer):
    """With a trace state, whose keeping runs Python code in between."""
    state = trace.TraceState.from_header(["a=b"])
    context = trace.SpanContext(7, 9, True, trace.TraceFlags(1), state)
    parent = trace.set_span_in_context(trace.NonRecordingSpan(context))
    barrier = threading.Barrier(4)
    spans = [tracer.start_span("a", parent) for _ in range(200)]

    def work():
        barrier.wait()
        for span in spans:
            span.get_span_context()
            span.end()

    threads = [threading.Thread(target=work) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    assert provider.stats()["ended"] == 200
    assert all(span.get_span_context().trace_state.get("a") == "b" for span in spans)


def test_the_environment_wins_over_detectors(monkeypatch):
    """And code over both (fault 77)."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=theirs, odd%20key=1,process.pid=5")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    provider = tracing.init_tracing({"process.pid": 6}, set_global_tracer_provider=False)
    attributes = provider.resource.attributes
    assert attributes["host.name"] == "theirs" and attributes["odd key"] == "1"
    assert attributes["service.name"] == "shop" and attributes["process.pid"] == 6
    assert attributes["python.version"] == sys.version.split()[0]


def test_used_after_its_end_is_said_once(tracer, caplog):
    """Not ten thousand times (fault 73); each method is a cause of its own."""
    span = tracer.start_span("a")
    span.end()
    for _ in range(1000):
        span.set_attribute("k", 1)
        span.add_event("e")
    assert [record.message for record in caplog.records] == [
        "set_attribute() was called on a span that has ended",
        "add_event() was called on a span that has ended",
    ]


def test_what_was_not_said_is_counted(monkeypatch, caplog):
    """A minute later the number is told."""
    now = [1000.0]
    monkeypatch.setattr(repeated.time, "monotonic", lambda: now[0])
    for _ in range(3):
        repeated.say(logging.WARNING, "cause", "it happened")
    now[0] += 61
    repeated.say(logging.WARNING, "cause", "it happened")
    assert [record.message for record in caplog.records] == [
        "it happened",
        "it happened (2 like this were not logged)",
    ]


def test_the_import_needs_no_flask():
    """Nor what Flask brings (fault 91)."""
    program = """
import sys
from impact_stack.observability.tracing import provider
found = {name.split(".")[0] for name in sys.modules} & {"flask", "werkzeug", "jinja2", "requests"}
assert not found, found
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_provider_takes_the_arguments_of_the_sdk():
    """By position too: sampler, resource, shutdown_on_exit, processor, ids, limits."""
    resource = Resource({"service.name": "shop"}, "https://example.org")
    provider = TracerProvider(None, resource, False, None, None, None)
    assert provider.resource is resource
    span = provider.get_tracer("x").start_span("a")
    assert span.resource is resource
    assert '"schema_url": "https://example.org"' in span.to_json()


def test_a_disabled_sdk_gives_tracers_that_do_nothing(monkeypatch):
    """Of the API's own class, as opentelemetry-sdk."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", " True")
    tracer = TracerProvider(exporters=()).get_tracer("x")
    assert isinstance(tracer, trace.NoOpTracer)


def test_what_the_provider_imports_is_what_it_needs():
    """Beside opentelemetry-api little is loaded: 15 ms are for it (fault 91)."""
    program = """
import sys
import opentelemetry.attributes, opentelemetry.context, opentelemetry.trace
import opentelemetry.util._decorator
before = set(sys.modules)
from impact_stack.observability.tracing import provider
ours = {name for name in set(sys.modules) - before if not name.startswith("impact_stack")}
heavy = {"json", "socket", "platform", "importlib.metadata", "hashlib", "inspect", "datetime"}
assert not ours & heavy, ours & heavy
from impact_stack.observability import tracing
assert {"Tracing", "init_tracing", "new_span"} <= set(dir(tracing))
assert tracing.init_tracing and callable(tracing.new_span)
try:
    tracing.nonesuch
except AttributeError as error:
    assert "nonesuch" in str(error)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
