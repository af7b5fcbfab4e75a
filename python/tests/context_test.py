"""The current span: parents come from Python's Context and from nowhere else."""

import asyncio
import contextvars
import subprocess
import sys
import threading

import pytest
from opentelemetry import context as context_api
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags

from conftest import attributes_of, exported_spans


def test_a_root_has_no_parent(tracer, provider):
    """Without a current span a new trace begins."""
    tracer.start_span("a").end()
    assert exported_spans(provider)["a"].parent_span_id == b""


def test_the_current_span_is_the_parent(tracer, provider):
    """And stops to be it when its block is left."""
    with tracer.start_as_current_span("outer") as outer:
        assert trace.get_current_span() is outer
        with tracer.start_as_current_span("inner"):
            pass
        assert trace.get_current_span() is outer
    assert trace.get_current_span() is trace.INVALID_SPAN
    spans = exported_spans(provider)
    assert spans["inner"].parent_span_id == spans["outer"].span_id
    assert spans["inner"].trace_id == spans["outer"].trace_id


def test_an_explicit_context_wins(tracer, provider):
    """Also an empty one, which makes a root."""
    remote = trace.NonRecordingSpan(SpanContext(7, 9, True, TraceFlags(1)))
    with tracer.start_as_current_span("current"):
        tracer.start_span("a", context=trace.set_span_in_context(remote)).end()
        tracer.start_span("b", context=context_api.Context()).end()
    spans = exported_spans(provider)
    assert int.from_bytes(spans["a"].parent_span_id, "big") == 9
    assert spans["b"].parent_span_id == b""


def test_an_extracted_parent_is_continued(tracer, provider):
    """traceparent in, traceparent out."""
    incoming = {"traceparent": f"00-{7:032x}-{9:016x}-01", "tracestate": "vendor=1"}
    with tracer.start_as_current_span("a", context=propagate.extract(incoming)) as span:
        outgoing = {}
        propagate.inject(outgoing)
    assert outgoing["traceparent"].split("-")[1] == f"{7:032x}"
    assert outgoing["traceparent"].split("-")[2] == f"{span.get_span_context().span_id:016x}"
    assert outgoing["tracestate"] == "vendor=1"
    assert exported_spans(provider)["a"].trace_state == "vendor=1"


def test_an_unsampled_parent_is_obeyed(tracer, provider):
    """Nothing is recorded, a span id is made, and the children are not sampled either."""
    parent = trace.NonRecordingSpan(SpanContext(7, 9, True, TraceFlags(0)))
    span = tracer.start_span("a", context=trace.set_span_in_context(parent))
    context = span.get_span_context()
    assert not span.is_recording()
    assert context.trace_id == 7
    assert context.span_id not in (0, 9)
    assert not context.trace_flags.sampled
    span.end()
    assert exported_spans(provider) == {}


@pytest.mark.parametrize("parent", [object(), trace.INVALID_SPAN, None, 5])
def test_what_is_no_parent_makes_a_root(tracer, provider, parent):
    """Whatever somebody puts into a Context."""
    context = context_api.Context({trace.propagation._SPAN_KEY: parent})
    tracer.start_span("a", context=context).end()
    assert exported_spans(provider)["a"].parent_span_id == b""


def test_current_spans_are_per_thread(tracer, provider):
    """A thread begins without the span of the one that started it."""
    with tracer.start_as_current_span("outer"):
        thread = threading.Thread(target=lambda: tracer.start_span("other").end())
        thread.start()
        thread.join()
    assert exported_spans(provider)["other"].parent_span_id == b""


def test_a_span_may_end_on_another_thread(tracer, provider):
    """And in another Context."""
    span = tracer.start_span("a")
    thread = threading.Thread(target=contextvars.Context().run, args=(span.end,))
    thread.start()
    thread.join()
    assert "a" in exported_spans(provider)


def test_start_as_current_span_records_exceptions(tracer, provider):
    """Exceptions are recorded once, with a status."""
    with pytest.raises(ValueError), tracer.start_as_current_span("a"):
        raise ValueError("bad")
    exported = exported_spans(provider)["a"]
    assert [event.name for event in exported.events] == ["exception"]
    assert attributes_of(exported.events[0])["exception.escaped"] == "False"
    assert exported.status.message == "ValueError: bad"
    assert exported.status.code == StatusCode.ERROR.value


def test_start_as_current_span_does_not_record_exits(tracer, provider):
    """What is no Exception is no error (opentelemetry-python 4484)."""
    with pytest.raises(SystemExit), tracer.start_as_current_span("a"):
        raise SystemExit(3)
    exported = exported_spans(provider)["a"]
    assert not exported.events
    assert exported.status.code == 0


def test_start_as_current_span_takes_all_its_arguments(tracer, provider):
    """By position, as the API's proxies pass them, and by name."""
    arguments = ("a", None, trace.SpanKind.CLIENT, {"k": 1}, None, 5, False, False, False)
    with pytest.raises(ValueError), tracer.start_as_current_span(*arguments) as span:
        raise ValueError("bad")
    assert span.is_recording()
    span.end()
    with tracer.start_as_current_span("b", kind=trace.SpanKind.CLIENT, end_on_exit=False) as span:
        pass
    assert span.is_recording()
    span.end()
    spans = exported_spans(provider)
    assert spans["a"].start_time_unix_nano == 5
    assert not spans["a"].events
    assert spans["a"].kind == spans["b"].kind == 3


def test_start_as_current_span_decorates(tracer, provider):
    """Functions and coroutine functions, each call in a span of its own."""

    @tracer.start_as_current_span("plain")
    def plain():
        return trace.get_current_span().name

    @tracer.start_as_current_span("coroutine")
    async def coroutine():
        await asyncio.sleep(0)
        return trace.get_current_span().name

    assert plain() == "plain"
    assert asyncio.run(coroutine()) == "coroutine"
    assert set(exported_spans(provider)) == {"plain", "coroutine"}


def test_tasks_have_their_own_current_span(tracer, provider):
    """Interleaved tasks do not become each other's parents."""

    async def work(name):
        with tracer.start_as_current_span(name):
            await asyncio.sleep(0)
            with tracer.start_as_current_span(f"{name}.child"):
                await asyncio.sleep(0)

    async def both():
        await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())
    spans = exported_spans(provider)
    for name in ("a", "b"):
        assert spans[f"{name}.child"].parent_span_id == spans[name].span_id
        assert spans[name].parent_span_id == b""


def test_another_runtime_context_is_asked():
    """With OTEL_PYTHON_CONTEXT set, the variable behind the API's own is not the current one."""
    program = """
import opentelemetry.context as context_api
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext

class Other(ContextVarsRuntimeContext):
    pass

context_api._RUNTIME_CONTEXT = Other()
from impact_stack.observability.tracing import current, provider
assert current.context_functions()["current_context"] is context_api.get_current
tracer = provider.TracerProvider(exporters=()).get_tracer("x")
with tracer.start_as_current_span("a") as a:
    child = tracer.start_span("b")
    assert context_api._RUNTIME_CONTEXT.get_current() != {}
assert context_api._RUNTIME_CONTEXT.get_current() == {}
assert child.get_span_context().trace_id == a.get_span_context().trace_id
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
