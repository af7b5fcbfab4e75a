"""What the spans and measures of two instrumentors are compared by."""

from opentelemetry import context as context_api
from opentelemetry.instrumentation import _semconv
from opentelemetry.proto.trace.v1 import trace_pb2

from conftest import attributes_of

MODES = ["", "http", "http/dup"]


def use_conventions(monkeypatch, mode):
    """Choose semantic conventions; contrib's package reads them once a process."""
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", mode)
    stability = _semconv._OpenTelemetrySemanticConventionStability
    monkeypatch.setattr(stability, "_initialized", False)
    monkeypatch.setattr(stability, "_OTEL_SEMCONV_STABILITY_SIGNAL_MAPPING", {})


def described(span):
    """Return what two spans must have in common."""
    events = []
    for event in span.events:
        attributes = attributes_of(event)
        attributes.pop("exception.stacktrace", None)
        events.append((event.name, attributes))
    return {
        "name": span.name,
        "kind": span.kind,
        "attributes": attributes_of(span),
        "status": (span.status.code, span.status.message),
        "events": events,
        "parent": span.parent_span_id if span.parent_span_id == (9).to_bytes(8, "big") else None,
        "has parent": bool(span.parent_span_id),
        "trace state": span.trace_state,
        "flags": span.flags,
    }


def spans_of(provider):
    """Return what is told of the spans that were made, in the order of their ends."""
    assert provider.force_flush(30_000)
    data = trace_pb2.TracesData.FromString(provider.memory_data())
    return [
        described(span)
        for resource_spans in data.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def answer_of(app, request):
    """Send a request; return what the client sees, which is the same for both."""
    client = app.test_client()
    try:
        with client.open(**request) as answer:
            headers = [item for item in answer.headers if item[0] not in ("Date", "Last-Modified")]
            return answer.status, headers, answer.data
    except Exception as error:  # pylint: disable=broad-exception-caught
        return repr(error)
    finally:
        assert context_api.get_current() == {}


def points_of(reader):
    """Return name, unit, attributes and count or value of each measure."""
    data = reader.get_metrics_data()
    return sorted(
        (
            metric.name,
            metric.unit,
            sorted((key, str(value)) for key, value in point.attributes.items()),
            getattr(point, "count", None) or getattr(point, "value", None),
        )
        for resource_metrics in data.resource_metrics
        for scope_metrics in resource_metrics.scope_metrics
        for metric in scope_metrics.metrics
        for point in metric.data.data_points
    )
