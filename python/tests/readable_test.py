"""Spans that are read, while they live and after, as those of opentelemetry-sdk."""

import copy
import gc
import json
import threading

import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

from conftest import exported_spans
from impact_stack.observability.tracing.provider import TracerProvider

REMOTE = SpanContext(2**100, 9, True, TraceFlags(1), TraceState.from_header(["a=b"]))


def recorded(tracer):
    """Return a span with something of everything."""
    span = tracer.start_span(
        "GET /",
        trace.set_span_in_context(trace.NonRecordingSpan(REMOTE)),
        SpanKind.SERVER,
        {"s": "x", "i": 2**40, "f": 0.5, "b": True, "n": None},
        [Link(REMOTE, {"l": 1})],
        5_000_000_001,
    )
    span.set_attribute("list", ["a", 1, [None]])
    span.set_attribute("bytes", b"\x00x")
    span.set_attribute("map", {"k": {"l": 1}})
    span.add_event("first", {"e": 1}, 6_000_000_000)
    span.add_event("second")
    span.set_status(StatusCode.ERROR, "bad")
    return span


def assert_recorded(span):
    """What `recorded` recorded is there."""
    assert span.attributes == {
        "s": "x", "i": 2**40, "f": 0.5, "b": True, "n": None,
        "list": ("a", 1, (None,)), "bytes": b"\x00x", "map": {"k": {"l": 1}},
    }  # fmt: skip
    assert span.name == "GET /"
    assert span.kind is SpanKind.SERVER
    assert span.parent == REMOTE
    assert span.start_time == 5_000_000_001
    first, second = span.events
    assert (first.name, first.timestamp, first.attributes) == ("first", 6_000_000_000, {"e": 1})
    assert second.name == "second" and second.timestamp > 0 and second.attributes == {}
    (link,) = span.links
    assert link.context == REMOTE and link.attributes == {"l": 1}
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "bad"
    assert (span.dropped_attributes, span.dropped_events, span.dropped_links) == (0, 0, 0)


def test_a_span_is_read_while_it_lives_and_after(tracer):
    """And goes on in between."""
    span = recorded(tracer)
    assert_recorded(span)
    assert span.end_time is None
    span.end(7_000_000_000)
    assert span.end_time == 7_000_000_000
    assert_recorded(span)


def test_what_is_read_is_what_is_exported(provider, tracer):
    """They are the same bytes."""
    span = tracer.start_span("a", attributes={"k": 1})
    span.update_name("b")
    span.end()
    exported = exported_spans(provider)["b"]
    assert span.name == "b"
    assert span.start_time == exported.start_time_unix_nano
    assert span.end_time == exported.end_time_unix_nano
    assert span.context.span_id == int.from_bytes(exported.span_id, "big")


def test_what_is_read_cannot_be_changed(tracer):
    """Neither the mapping, nor the lists, nor an event."""
    span = recorded(tracer)
    with pytest.raises(TypeError):
        span.attributes["s"] = "y"
    with pytest.raises(TypeError):
        span.attributes["list"][0] = "b"
    with pytest.raises(AttributeError):
        span.events[0].name = "other"
    with pytest.raises(TypeError):
        span.links[0].attributes["l"] = 2
    with pytest.raises(AttributeError):
        span.attributes = {}


def test_a_new_span_is_empty(tracer):
    """Nothing was recorded."""
    span = tracer.start_span("a")
    assert span.attributes == {}
    assert span.events == () and span.links == ()
    assert span.parent is None
    assert span.status.status_code is StatusCode.UNSET
    assert span.status.description is None


def test_children_share_the_context_of_their_parent(tracer):
    """The parent may be gone; and a child does not keep its parent, let alone all before it."""
    root = tracer.start_span("root")
    child = tracer.start_span("child", trace.set_span_in_context(root))
    assert child.parent is root.get_span_context()
    identity = root.get_span_context().span_id
    root.end()
    grandchild = tracer.start_span("grandchild", trace.set_span_in_context(child))
    del root
    gc.collect()
    assert child.parent.span_id == identity
    assert child.parent.trace_id == child.context.trace_id
    assert not child.parent.is_remote and child.parent.trace_flags == 3
    assert grandchild.parent is child.context


def test_a_long_line_of_children_is_let_go(tracer):
    """Each is the child of the one before: to free the last one is no recursion."""
    span = tracer.start_span("first")
    for _ in range(20_000):
        span.end()
        span = tracer.start_span("next", trace.set_span_in_context(span))
    del span


def test_the_trace_state_of_a_parent_is_its_own(tracer):
    """A foreign parent's context is kept as it was given."""
    span = tracer.start_span("a", trace.set_span_in_context(trace.NonRecordingSpan(REMOTE)))
    assert span.parent is REMOTE
    child = tracer.start_span("b", trace.set_span_in_context(span))
    assert child.parent.trace_state.get("a") == "b"


def test_an_unsampled_span_says_what_it_knows():
    """It is one of the API's own that record nothing."""
    not_sampled = SpanContext(7, 9, True, TraceFlags(0))
    context = trace.set_span_in_context(trace.NonRecordingSpan(not_sampled))
    span = TracerProvider(exporters=()).get_tracer("x").start_span("a", context)
    assert isinstance(span, trace.NonRecordingSpan)
    assert span.attributes == {} and span.events == () and span.end_time is None
    assert span.context.trace_id == 7
    assert (
        TracerProvider(exporters=())
        .get_tracer("x")
        .start_span("b", trace.set_span_in_context(span))
        .context.trace_id
        == 7
    )
    span.end()
    assert span.attributes == {}


def test_what_was_dropped_is_counted(tracer):
    """128 of each are kept."""
    span = tracer.start_span("a", attributes={f"k{i}": i for i in range(130)})
    for _ in range(131):
        span.add_event("e", {f"k{i}": i for i in range(129)})
    for _ in range(132):
        span.add_link(REMOTE, {f"k{i}": i for i in range(140)})
    assert (span.dropped_attributes, span.dropped_events, span.dropped_links) == (2, 3, 4)
    assert len(span.attributes) == len(span.events) == len(span.links) == 128
    assert span.events[0].dropped_attributes == 1
    assert span.links[0].dropped_attributes == 12


def test_a_link_to_nowhere_is_kept_when_it_says_something(tracer):
    """trace/api "Link": one with attributes or a trace state is recorded."""
    span = tracer.start_span(
        "a", links=[Link(trace.INVALID_SPAN_CONTEXT), Link(trace.INVALID_SPAN_CONTEXT, {"k": 1})]
    )
    span.add_link(trace.INVALID_SPAN_CONTEXT)
    span.add_link(None)
    span.add_link(trace.INVALID_SPAN_CONTEXT, {"k": 2})
    assert [dict(link.attributes) for link in span.links] == [{"k": 1}, {"k": 2}]


def test_scope_and_resource_are_those_of_the_tracer():
    """In the shape of opentelemetry-sdk."""
    provider = TracerProvider(attributes={"service.name": "shop"}, exporters=())
    tracer = provider.get_tracer("lib", "1.0", "https://example.org", {"k": [1]})
    span = tracer.start_span("a")
    scope = span.instrumentation_scope
    assert (scope.name, scope.version, scope.schema_url) == ("lib", "1.0", "https://example.org")
    assert scope.attributes == {"k": [1]}
    assert span.resource is tracer.resource is provider.resource
    assert tracer.resource.attributes["service.name"] == "shop"


def test_the_same_scope_gives_the_same_tracer(provider):
    """As long as somebody has it; and a tracer does not keep its provider's others."""
    tracer = provider.get_tracer("lib", "1", "https://example.org", {"k": [1, {"l": 2}]})
    assert provider.get_tracer("lib", "1", "https://example.org", {"k": [1, {"l": 2}]}) is tracer
    assert provider.get_tracer("lib", "1", "https://example.org", {"k": 2}) is not tracer
    assert provider.get_tracer("lib", "2") is not tracer
    assert provider.get_tracer("lib", None) is not provider.get_tracer("", None)


def test_a_span_is_printed_as_json(tracer):
    """The keys and forms are those of opentelemetry-sdk."""
    span = recorded(tracer)
    span.end(7_123_456_789)
    members = json.loads(span.to_json())
    assert list(members) == [
        "name", "context", "kind", "parent_id", "start_time", "end_time", "status", "attributes",
        "events", "links", "resource",
    ]  # fmt: skip
    assert members["context"]["trace_id"] == f"0x{2**100:032x}"
    assert members["context"]["trace_state"] == "['{key=a, value=b}']"
    assert members["kind"] == "SpanKind.SERVER"
    assert members["parent_id"] == "0x0000000000000009"
    assert members["start_time"] == "1970-01-01T00:00:05.000000Z"
    assert members["end_time"] == "1970-01-01T00:00:07.123456Z"
    assert members["status"] == {"status_code": "ERROR", "description": "bad"}
    assert members["events"][0] == {
        "name": "first", "timestamp": "1970-01-01T00:00:06.000000Z", "attributes": {"e": 1}
    }  # fmt: skip
    assert members["links"][0]["attributes"] == {"l": 1}
    assert set(members["resource"]) == {"attributes", "schema_url"}
    assert "\n" not in span.to_json(indent=None)


def test_a_live_span_is_printed_without_an_end(tracer):
    """And one without a parent without one."""
    members = json.loads(tracer.start_span("a").to_json())
    assert members["end_time"] is None and members["parent_id"] is None
    assert members["status"] == {"status_code": "UNSET"}


def test_a_span_is_read_while_another_thread_records(tracer):
    """Each reading is whole."""
    span = tracer.start_span("a")
    done = threading.Event()

    def record():
        for number in range(2000):
            span.set_attribute(f"k{number % 100}", "x" * (number % 50))
        done.set()

    thread = threading.Thread(target=record)
    thread.start()
    while not done.is_set():
        assert all(set(value) <= {"x"} for value in span.attributes.values())
    thread.join()
    assert len(span.attributes) == 100


def test_a_span_that_was_read_is_the_same_for_everybody(tracer):
    """Two readings are equal, and a copy of what was read is one's own."""
    span = recorded(tracer)
    span.end()
    assert span.attributes == span.attributes
    mine = copy.deepcopy(dict(span.attributes))
    mine["map"]["k"]["l"] = 2
    assert span.attributes["map"] == {"k": {"l": 1}}
