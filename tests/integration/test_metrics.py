"""The library's own metrics on the health port, read by Prometheus' own parser, while spans go to
real sockets."""

import os
import subprocess
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import backend
from backend import BUILD, sink

pytestmark = backend.needs_otlp

SERVICE = BUILD / "tests/integration/metrics_service"
SPANS = 7


def scrape(port):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/health/", headers={"Accept": "application/openmetrics-text"}
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.read().decode()


def families_of(**environment):
    """What Prometheus makes of the service's metrics, by family."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    own |= {"IMPACT_PLUGIN_PATH": str(BUILD / "src"), **environment}
    with subprocess.Popen(
        [SERVICE, str(SPANS)], env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        try:
            page = scrape(int(service.stdout.readline()))
        finally:
            service.stdin.close()
            assert service.wait(timeout=60) == 0
    return {family.name: family for family in text_string_to_metric_families(page)}


def value(family, component, error="", suffix=""):
    """The one sample of a component, and of an error."""
    (found,) = [
        sample.value
        for sample in family.samples
        if sample.name == family.name + suffix
        and sample.labels["otel_component_type"] == component
        and sample.labels["otel_component_name"].startswith(f"{component}/")
        and sample.labels.get("error_type", "") == error
    ]
    return found


def servers_of(families, prefix):
    """Where they send, of all families of that prefix."""
    return {
        (sample.labels.get("server_address"), sample.labels.get("server_port"))
        for name, family in families.items()
        if name.startswith(prefix)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "protocol, component",
    [("http/protobuf", "otlp_http_span_exporter"), ("http/json", "otlp_http_json_span_exporter")],
)
def test_prometheus_reads_what_became_of_the_spans(protocol, component):
    with sink() as server:
        port = str(server.server_port)
        families = families_of(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://me:secret@127.0.0.1:{port}",
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        )
    exported = families["otel_sdk_exporter_span_exported"]
    processed = families["otel_sdk_processor_span_processed"]
    duration = families["otel_sdk_exporter_operation_duration_seconds"]
    assert (exported.type, processed.type, duration.type) == ("counter", "counter", "histogram")
    assert value(exported, component, suffix="_total") == SPANS
    assert value(exported, component, "rejected", "_total") == 0
    assert value(processed, "batching_span_processor", suffix="_total") == SPANS
    assert value(families["otel_sdk_exporter_span_inflight"], component) == 0
    assert value(duration, component, suffix="_count") == 1
    assert 0 < value(duration, component, suffix="_sum") < 20
    assert value(families["otel_sdk_processor_span_queue_size"], "batching_span_processor") == 0
    capacity = families["otel_sdk_processor_span_queue_capacity"]
    assert (capacity.type, value(capacity, "batching_span_processor")) == ("gauge", 2048)
    assert servers_of(families, "otel_sdk_exporter") == {("127.0.0.1", port)}
    assert servers_of(families, "otel_sdk_processor") == {(None, None)}


def test_spans_are_counted_by_parent_and_decision():
    families = families_of(OTEL_TRACES_EXPORTER="none", OTEL_TRACES_SAMPLER="always_off")
    started = {
        (s.labels["otel_span_parent_origin"], s.labels["otel_span_sampling_result"]): s.value
        for s in families["otel_sdk_span_started"].samples
    }
    assert len(started) == 9
    assert started["none", "DROP"] == SPANS
    assert sum(started.values()) == SPANS
    live = families["otel_sdk_span_live"]
    assert {s.labels["otel_span_sampling_result"]: s.value for s in live.samples} == {
        "RECORD_ONLY": 0,
        "RECORD_AND_SAMPLE": 0,
    }


def test_each_exporter_is_told_apart_and_a_failure_has_its_name():
    with sink((400, {}, b"no")) as refusing, sink((202, {}, b"")) as zipkin:
        families = families_of(
            OTEL_TRACES_EXPORTER="otlp,zipkin",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{refusing.server_port}",
            OTEL_EXPORTER_ZIPKIN_ENDPOINT=f"http://127.0.0.1:{zipkin.server_port}/api/v2/spans",
        )
    exported = families["otel_sdk_exporter_span_exported"]
    assert value(exported, "otlp_http_span_exporter", "rejected", "_total") == SPANS
    assert value(exported, "otlp_http_span_exporter", "", "_total") == 0
    assert value(exported, "zipkin_http_span_exporter", "", "_total") == SPANS
    names = {s.labels["otel_component_name"] for s in exported.samples}
    assert names == {"otlp_http_span_exporter/0", "zipkin_http_span_exporter/1"}
