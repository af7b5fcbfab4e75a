"""OpenTelemetry's own metrics of the SDK: by a call, and on the health paths."""

import gc
import subprocess
import sys
import threading
import typing
from itertools import groupby

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from impact_stack.observability import _core, tracing
from impact_stack.observability.health import Health
from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.sampling import ALWAYS_OFF

NAME = "otel.component.name"
COUNTS = {"counter", "up_down_counter"}


@pytest.fixture(autouse=True)
def fixture_settled():
    """What other tests have left behind goes before this one, and not amid it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def components():
    """Return the names of all exporters."""
    return [point.attributes[NAME] for point in points("otel.sdk.exporter.span.inflight")]


def points(name):
    """Return those of a metric."""
    return [point for point in tracing.sdk_metrics() if point.name == name]


def total(name):
    """Return their sum."""
    return sum(point.value for point in points(name))


def test_what_becomes_of_spans_is_counted_by_the_names_of_the_conventions():
    """Started, live, handed over, exported, and how long that took."""
    provider = TracerProvider(exporters=("memory",))
    tracer = provider.get_tracer("test")
    started, ended = total("otel.sdk.span.started"), total("otel.sdk.exporter.span.exported")
    live = total("otel.sdk.span.live")
    with tracer.start_as_current_span("parent"):
        tracer.start_span("child").end()
        assert total("otel.sdk.span.live") == live + 1
    assert total("otel.sdk.span.started") == started + 2
    assert provider.force_flush()
    assert total("otel.sdk.exporter.span.exported") == ended + 2
    taken = [p for p in points("otel.sdk.exporter.operation.duration") if p.value and p.sum > 0]
    assert taken and {point.unit for point in taken} == {"s"}


def test_spans_that_the_sampler_drops_are_started_and_never_live():
    tracer = TracerProvider(ALWAYS_OFF, exporters=()).get_tracer("test")

    def count():
        found = points("otel.sdk.span.started")
        return sum(p.value for p in found if p.attributes["otel.span.sampling_result"] == "DROP")

    before = count()
    span = tracer.start_span("dropped")
    assert count() == before + 1
    span.end()


def test_the_points_of_a_metric_stand_in_a_row_and_none_is_there_twice():
    """Whatever the number of providers, of which each has a number of its own."""
    providers = [TracerProvider(exporters=("memory", "otlp", "discard")) for _ in range(3)]
    shown = tracing.sdk_metrics()
    names = [name for name, _ in groupby(shown, key=lambda point: point.name)]
    assert len(names) == len(set(names))
    keys = [(point.name, *sorted(point.attributes.items())) for point in shown]
    assert len(keys) == len(set(keys))
    numbers = [name.rpartition("/")[2] for name in components()]
    assert len(numbers) == len(set(numbers)) >= 2 * len(providers)


def test_an_exporter_says_where_it_sends():
    kept = TracerProvider(otlp={"endpoint": "http://localhost:4999/v1/traces"})
    sent = [p.attributes for p in points("otel.sdk.exporter.span.exported")]
    ours = [its for its in sent if its.get("server.port") == 4999]
    assert {its["server.address"] for its in ours} == {"localhost"}
    assert {its.get("error.type") for its in ours} == {None, "_OTHER", "rejected", "timeout"}
    del kept


def test_a_processor_has_the_number_of_its_exporter():
    kept = TracerProvider(exporters=("memory", "discard"))
    exporters = {point.attributes[NAME] for point in points("otel.sdk.exporter.span.inflight")}
    processors = {point.attributes[NAME] for point in points("otel.sdk.processor.span.queue.size")}
    assert {n.rpartition("/")[2] for n in exporters} == {n.rpartition("/")[2] for n in processors}
    del kept


def test_a_provider_that_is_gone_is_shown_no_more_and_its_number_not_given_again():
    others = set(components())
    gone = TracerProvider(exporters=("memory",), shutdown_on_exit=False)
    (its,) = set(components()) - others
    del gone
    gc.collect()
    assert set(components()) == others
    new = TracerProvider(exporters=("memory",))
    assert not set(components()) - others <= {its}
    del new


def test_the_points_have_the_types_that_are_said():
    kept = TracerProvider(exporters=("memory",))
    kinds = set(typing.get_args(typing.get_type_hints(tracing.MetricPoint)["kind"]))
    for point in tracing.sdk_metrics():
        assert isinstance(point, tracing.MetricPoint)
        assert point.kind in kinds and point.name.startswith("otel.sdk.") and point.description
        assert type(point.value) is int and type(point.sum) is float
        assert all(type(value) in (str, int) for value in point.attributes.values())
        assert point.sum == 0 or point.kind not in COUNTS
    del kept


def test_prometheus_reads_them_where_health_is_asked(app):
    """The numbers are those of the call."""
    Health(app)
    provider = TracerProvider(exporters=("memory",))
    beside = TracerProvider(exporters=("otlp",))
    provider.get_tracer("test").start_span("a").end()
    assert provider.force_flush()
    text = app.test_client().get("/health/?format=openmetrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    shown = {
        sample.labels["otel_component_name"]: sample.value
        for sample in families["otel_sdk_exporter_span_exported"].samples
        if "error_type" not in sample.labels
    }
    told = {
        point.attributes[NAME]: point.value
        for point in points("otel.sdk.exporter.span.exported")
        if "error.type" not in point.attributes
    }
    assert shown == told and max(told.values()) >= 1
    assert families["otel_sdk_exporter_operation_duration_seconds"].type == "histogram"
    assert families["otel_sdk_span_started"].type == "counter"
    assert families["otel_sdk_span_live"].type == "gauge"
    del beside


@pytest.mark.parametrize("form", ["json", "health-json", "text", "html"])
def test_no_other_format_has_them(app, form):
    Health(app)
    kept = TracerProvider(exporters=("memory",))
    assert "otel" not in app.test_client().get(f"/health/?format={form}").text
    del kept


def test_a_process_that_traces_nothing_shows_nothing():
    """And needs no tracing for its health."""
    script = """
import sys, flask
from impact_stack.observability.health import Health
app = flask.Flask("test")
app.config["HEALTH_URL_SECRET"] = None
Health(app)
text = app.test_client().get("/health/?format=openmetrics").text
assert "health_up" in text and "otel" not in text, text
assert "impact_stack.observability.tracing.provider" not in sys.modules
from impact_stack.observability.tracing import sdk_metrics
assert sdk_metrics() == []
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_who_reads_does_not_meet_who_closes():
    """Providers come and go on other threads meanwhile, also by the collector in the call."""
    is_over = threading.Event()

    def come_and_go():
        while not is_over.is_set():
            made = TracerProvider(exporters=("discard", "memory"), shutdown_on_exit=False)
            made.get_tracer("x").start_span("a").end()

    threads = [threading.Thread(target=come_and_go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        assert all(point.value >= 0 for point in _points_of_python())
    is_over.set()
    for thread in threads:
        thread.join()


def _points_of_python():
    """Return them, while a provider in a cycle waits for the collector."""
    cycle = [TracerProvider(exporters=(), shutdown_on_exit=False)]
    cycle.append(cycle)
    del cycle
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        return tracing.sdk_metrics()
    finally:
        gc.set_threshold(*threshold)


def test_the_binding_takes_no_arguments():
    with pytest.raises(TypeError):
        _core.sdk_metrics(1)
