"""Spans: what is recorded is what was said."""

import logging

import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from conftest import attributes_of, exported_spans


def test_a_span_is_one_of_the_api(tracer):
    """Instrumentors ask by isinstance and by truth."""
    span = tracer.start_span("a")
    assert isinstance(span, trace.Span)
    assert isinstance(tracer, trace.Tracer)
    assert span and tracer
    assert span.is_recording()
    assert span.kind is SpanKind.INTERNAL
    assert type(span.get_span_context()) is SpanContext
    assert span.get_span_context() is span.get_span_context()
    span.end()


def test_methods_take_keywords(tracer, provider):
    """Arguments have the names that the API gives them."""
    span = tracer.start_span(name="a")
    span.set_attribute(key="one", value=1)
    span.set_attributes(attributes={"many": 2})
    span.update_name(name="b")
    span.add_event(name="e", attributes={}, timestamp=1)
    span.set_status(status=StatusCode.ERROR, description="d")
    span.end(end_time=None)
    for call in (span.set_attributes, span.update_name):
        with pytest.raises(TypeError, match="missing required argument"):
            call()
    assert attributes_of(exported_spans(provider)["b"]) == {"one": 1, "many": 2}


def test_a_span_has_its_context_as_a_property(tracer):
    """As opentelemetry-sdk's have: hooks read `span.context.trace_id`."""
    span = tracer.start_span("a")
    assert span.context is span.get_span_context()
    span.end()
    assert span.context is span.get_span_context()


@pytest.mark.parametrize("kind", list(SpanKind))
def test_kinds_are_exported(tracer, provider, kind):
    """Each member of SpanKind has its number on the wire."""
    span = tracer.start_span("a", kind=kind)
    assert span.kind is kind
    span.end()
    assert exported_spans(provider)["a"].kind == kind.value + 1


def test_context_is_that_of_the_exported_span(tracer, provider):
    """Ids and flags that propagators see are those that are exported."""
    span = tracer.start_span("a")
    context = span.get_span_context()
    span.end()
    exported = exported_spans(provider)["a"]
    assert exported.trace_id == context.trace_id.to_bytes(16, "big")
    assert exported.span_id == context.span_id.to_bytes(8, "big")
    assert context.trace_flags.sampled
    assert not context.is_remote
    assert span.get_span_context() is context


def test_attributes_keep_their_types(tracer, provider):
    """Strings, numbers, booleans and lists of them."""
    attributes = {
        "string": "käse",
        "int": -(2**63),
        "double": 0.5,
        "bool": True,
        "strings": ["a", "b"],
        "ints": (1, 2),
        "doubles": [0.5],
        "bools": [True, False],
        "empty": [],
    }
    span = tracer.start_span("a", attributes=attributes)
    span.set_attribute("int", 5)
    span.set_attributes({"later": "x"})
    span.end()
    expected = {**attributes, "int": 5, "ints": [1, 2], "later": "x"}
    assert attributes_of(exported_spans(provider)["a"]) == expected


def test_more_attributes_than_are_converted_on_the_stack(tracer, provider):
    """The sixteen that have a place need no memory; the others do."""
    attributes = {f"key{i}": [i, i + 1] for i in range(100)}
    tracer.start_span("a", attributes=attributes).end()
    assert attributes_of(exported_spans(provider)["a"]) == attributes


def test_times_are_taken_as_given(tracer, provider):
    """Flask's instrumentor brings its own start time."""
    span = tracer.start_span("a", start_time=1_000)
    span.add_event("event", {"k": "v"}, timestamp=1_500)
    span.end(end_time=2_000)
    exported = exported_spans(provider)["a"]
    assert (exported.start_time_unix_nano, exported.end_time_unix_nano) == (1_000, 2_000)
    assert exported.events[0].time_unix_nano == 1_500
    assert attributes_of(exported.events[0]) == {"k": "v"}


def test_names_change(tracer, provider):
    """The last name is the one that is exported."""
    span = tracer.start_span("a")
    assert span.name == "a"
    span.update_name("b")
    assert span.name == "b"
    span.end()
    assert list(exported_spans(provider)) == ["b"]


def test_links_are_exported(tracer, provider):
    """Links of the start and later ones, with attributes and trace state."""
    state = trace.TraceState.from_header(["a=b"])
    context = SpanContext(7, 9, True, TraceFlags(1), state)
    span = tracer.start_span("a", links=[Link(context, {"k": 1}), object()])
    span.add_link(context)
    span.add_link(trace.INVALID_SPAN_CONTEXT)
    span.end()
    links = exported_spans(provider)["a"].links
    assert [int.from_bytes(link.trace_id, "big") for link in links] == [7, 7]
    assert [link.trace_state for link in links] == ["a=b", "a=b"]
    assert attributes_of(links[0]) == {"k": 1}


def status_after(tracer, provider, *statuses):
    """Return the exported status of a span that was given these."""
    span = tracer.start_span("a")
    for status in statuses:
        span.set_status(*status)
    span.end()
    exported = exported_spans(provider)["a"].status
    return exported.code, exported.message


def test_status_ok_is_final(tracer, provider):
    """Specification, trace/api, Set Status."""
    statuses = [(StatusCode.OK,), (StatusCode.ERROR, "late")]
    assert status_after(tracer, provider, *statuses) == (StatusCode.OK.value, "")


def test_status_unset_is_ignored(tracer, provider):
    """An error is not taken back by unset."""
    statuses = [(Status(StatusCode.ERROR, "broken"),), (StatusCode.UNSET,)]
    assert status_after(tracer, provider, *statuses) == (StatusCode.ERROR.value, "broken")


def test_status_that_is_none_changes_nothing(tracer, provider):
    """A wrong type is no reason to raise."""
    assert status_after(tracer, provider, (object(),), (17,)) == (0, "")


def test_with_records_what_leaves_the_block(tracer, provider):
    """`with span` records the exception as escaped, and sets the status."""
    with pytest.raises(KeyError), tracer.start_span("a"):
        raise KeyError("gone")
    exported = exported_spans(provider)["a"]
    event = attributes_of(exported.events[0])
    assert exported.events[0].name == "exception"
    assert event["exception.type"] == "KeyError"
    assert event["exception.message"] == "'gone'"
    assert event["exception.escaped"] == "True"
    assert "raise KeyError" in event["exception.stacktrace"]
    assert exported.status.code == StatusCode.ERROR.value
    assert exported.status.message == "KeyError: 'gone'"


def test_with_records_nothing_unasked(tracer, provider):
    """Both flags of start_span are obeyed."""
    span = tracer.start_span("a", record_exception=False, set_status_on_exception=False)
    with pytest.raises(KeyError), span:
        raise KeyError("gone")
    exported = exported_spans(provider)["a"]
    assert not exported.events
    assert exported.status.code == 0


class Unspeakable(Exception):
    """An exception that has no text."""

    def __str__(self):
        raise ValueError("no text")


def test_record_exception_takes_any_exception(tracer, provider):
    """The type has its module, and attributes win over what was found."""
    span = tracer.start_span("a")
    span.record_exception(Unspeakable(), {"exception.escaped": "maybe"}, timestamp=5)
    span.end()
    event = exported_spans(provider)["a"].events[0]
    assert attributes_of(event)["exception.type"] == f"{__name__}.Unspeakable"
    assert attributes_of(event)["exception.escaped"] == "maybe"
    assert event.time_unix_nano == 5


def test_an_ended_span_warns_and_does_nothing(tracer, provider, caplog):
    """As opentelemetry-sdk: no exception, a word in the log."""
    span = tracer.start_span("a", attributes={"k": 1})
    span.end()
    assert not span.is_recording()
    with caplog.at_level(logging.WARNING):
        span.end()
        span.set_attribute("k", 2)
        span.set_attributes({"k": 2})
        span.add_event("event")
        span.add_link(SpanContext(7, 9, False))
        span.update_name("b")
        span.set_status(StatusCode.ERROR)
        span.record_exception(ValueError())
    assert len([r for r in caplog.records if "has ended" in r.message]) == 7
    exported = exported_spans(provider)["a"]
    assert attributes_of(exported) == {"k": 1}
    assert not exported.events
    assert provider.stats()["ended"] == 1


def test_a_span_that_nobody_holds_ends(tracer, provider):
    """It could never be ended otherwise, and nothing of it may leak."""
    tracer.start_span("forgotten")
    assert "forgotten" in exported_spans(provider)


def test_an_ended_span_keeps_its_trace_state(tracer):
    """The context outlives the C span that it borrowed from."""
    state = trace.TraceState.from_header(["vendor=1"])
    parent = trace.NonRecordingSpan(SpanContext(7, 9, True, TraceFlags(1), state))
    span = tracer.start_span("a", trace.set_span_in_context(parent))
    span.end()
    assert span.get_span_context().trace_state.get("vendor") == "1"
    child = tracer.start_span("b", trace.set_span_in_context(span))
    assert child.get_span_context().trace_state.get("vendor") == "1"
    child.end()


def test_arguments_are_checked_as_python_does(tracer):
    """Misuse of the interface is a TypeError, as with any function."""
    with pytest.raises(TypeError, match="missing required argument 'name'"):
        tracer.start_span()
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        tracer.start_span("a", colour="red")
    with pytest.raises(TypeError, match="multiple values for argument 'name'"):
        tracer.start_span("a", name="b")
    with pytest.raises(TypeError, match="at most 8"):
        tracer.start_span(*"123456789")


@pytest.mark.parametrize("leaving", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_no_error_leaves_a_span_unset(provider, tracer, leaving):
    """A block that is left by sys.exit() did not fail (fault 75)."""
    with pytest.raises(type(leaving)), tracer.start_span("a"):
        raise leaving
    span = exported_spans(provider)["a"]
    assert span.status.code == 0 and len(span.events) == 0


def test_an_end_at_the_beginning_of_time_is_no_end_now(tracer):
    """0 is a time (fault 92): it is before the start, which is the end then."""
    span = tracer.start_span("a", start_time=0)
    span.end(end_time=0)
    assert (span.start_time, span.end_time) == (1, 1)


def test_a_description_beside_a_status_is_ignored_and_that_is_said(tracer, caplog):
    """A Status has its own."""
    span = tracer.start_span("a")
    span.set_status(trace.Status(StatusCode.ERROR, "mine"), "other")
    assert span.status.description == "mine"
    assert any("ignores the description" in record.message for record in caplog.records)


def test_an_exception_has_a_place_after_128_events(tracer):
    """What went wrong is not what is dropped (fault 87)."""
    span = tracer.start_span("a")
    for _ in range(128):
        span.add_event("e", {"k": 1})
    span.record_exception(ValueError("bad"))
    span.add_event("e", {"k": 1})
    assert span.events[-1].attributes["exception.message"] == "bad"
    assert (len(span.events), span.dropped_events) == (129, 1)
