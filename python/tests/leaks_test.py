"""No method leaks a reference: each is called many times, and memory stays where it was."""

import contextvars
import gc
import logging
import os
import sys
import tracemalloc
from itertools import pairwise

import flask
import flask_app
import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags

from impact_stack.observability import _core
from impact_stack.observability import health as health_
from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.limits import SpanLimits
from impact_stack.observability.tracing.processors import SpanProcessor
from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.sampling import (
    Decision,
    ParentBased,
    SamplingResult,
    TraceIdRatioBased,
)

ROUNDS = 300
ALLOWED_BYTES = 10 * ROUNDS  # the smallest object has 16, and what is leaked lies somewhere


class Odd:
    """A value that takes the slow path."""

    def __str__(self):
        return "odd"


STATE = trace.TraceState.from_header(["a=b"])
REMOTE = SpanContext(2**100, 9, True, TraceFlags(1), STATE)
CONTEXT = trace.set_span_in_context(trace.NonRecordingSpan(REMOTE))
PROVIDER = TracerProvider(exporters=("discard",))
TRACER = PROVIDER.get_tracer("leaks")
ATTRIBUTES = {
    "s": "x", "i": 2**40, "f": 0.5, "b": True, "l": ["a", "b"], "t": (1, 2),
    "n": None, "y": b"y", "m": {"k": [1, {"l": None}]},
}  # fmt: skip


def wrong(call):
    """Make a call that raises TypeError."""
    with pytest.raises(TypeError):
        call()


def with_exception():
    """Leave a span's block with an exception."""
    with pytest.raises(ValueError), TRACER.start_as_current_span("x"):
        raise ValueError("bad")


@TRACER.start_as_current_span("x", attributes=ATTRIBUTES)
def decorated():
    """Run in a span."""


def use_twice():
    """Make a span current, also inside itself."""
    block = _core.use_span(SPAN)
    with block, pytest.raises(RuntimeError), block:
        raise AssertionError("not reached")


def answer():
    """Ask a registry that lives for one question."""
    registry = _core.HealthRegistry(
        lambda name: None if name == "a" else name,
        prefix="/health",
        secret="s",
        ignores_unknown_checks=True,
        budget_ms=0,
    )
    registry.add("a", "_defaults")
    registry.add("b", "")
    registry.remove("b")
    registry.add_provided("c", "_defaults", "program", {"argv": ("true",)}, 500)
    registry.change("c", "", 100)
    with pytest.raises(TypeError):
        registry.add_provided("d", "", "tcp", {"unknown": 1}, 0)
    with pytest.raises(ValueError):
        registry.add_provided("d", "", "nothing", {}, 0)
    assert registry.port() == 0
    for wrong in ("nowhere", "a\0b"):
        with pytest.raises(ValueError):
            registry.listen(wrong)
    with pytest.raises(ValueError):
        registry.add("a", "_defaults")
    with pytest.raises(RuntimeError):
        registry.remove("nobody")
    assert registry.answer("GET", "/health/ping", b"", [("a", "b"), 5])[2] == b"pong"
    assert registry.answer("GET", "/elsewhere", b"", []) is None


APP = flask_app.make_app()
FlaskInstrumentor.instrument_app(
    APP,
    tracer_provider=PROVIDER,
    excluded_urls="/health/",
    request_hook=lambda span, environ: None,
    response_hook=lambda span, status, headers: None,
)
ENVIRON = APP.test_request_context("/").request.environ


def request(path, **more):
    """Ask the app as a server does, which closes what it got."""
    environ = {**ENVIRON, "PATH_INFO": path, **more}
    environ.pop("werkzeug.request", None)
    body = APP.wsgi_app(environ, lambda *arguments: None)
    next(iter(body), None)
    getattr(body, "close", lambda: None)()


def read(span):
    """Read all that a span has recorded."""
    return (span.attributes, span.events, span.links, span.status, span.start_time, span.end_time,
            span.parent, span.dropped_events, span.resource, span.to_json())  # fmt: skip


def whole():
    """Return a span with something of everything."""
    span = TRACER.start_span("x", CONTEXT, SpanKind.CLIENT, ATTRIBUTES, [Link(REMOTE, ATTRIBUTES)])
    span.add_event("e", ATTRIBUTES)
    span.set_status(StatusCode.ERROR, "x")
    return span


def ended(span):
    """End a span, and return it."""
    span.end()
    return span


class Sampler:
    """A sampler in Python."""

    def should_sample(self, *arguments):
        """Sample all."""
        del arguments
        return SamplingResult(Decision.RECORD_AND_SAMPLE, {"a": [1], "o": Odd()}, STATE)


class Generator:
    """An id generator in Python."""

    def generate_span_id(self):
        """Return an id."""
        return 5

    generate_trace_id = generate_span_id


ASKING = TracerProvider(Sampler(), id_generator=Generator(), exporters=("discard",))
HEARING = TracerProvider(exporters=("discard",))
HEARING.add_span_processor(SpanProcessor())
SPAN = TRACER.start_span("long", context=CONTEXT)
UNSAMPLED = trace.set_span_in_context(
    trace.NonRecordingSpan(SpanContext(2**100, 9, True, TraceFlags(0)))
)

CALLS = {
    "start and end": lambda: TRACER.start_span("x", attributes=ATTRIBUTES).end(),
    "start with all": lambda: TRACER.start_span(
        "x", CONTEXT, SpanKind.CLIENT, ATTRIBUTES, [Link(REMOTE, ATTRIBUTES)], 5, False, False
    ).end(6),
    "start odd": lambda: TRACER.start_span(
        Odd(), attributes={"o": Odd(), 5: 1, "m": {"k": [{6: Odd()}]}}, links=5
    ).end(),
    "start wrong": lambda: wrong(lambda: TRACER.start_span("x", colour=1)),
    "forgotten": lambda: TRACER.start_span("x", CONTEXT),
    "context": lambda: TRACER.start_span("x", CONTEXT).get_span_context(),
    "context after end": lambda: TRACER.start_span("x", CONTEXT).end(),
    "current": with_exception,
    "current left": lambda: contextvars.copy_context().run(
        TRACER.start_as_current_span("x", CONTEXT).__enter__
    ),
    "current again": lambda: TRACER.start_as_current_span("x", attributes=ATTRIBUTES)._again(),
    "current wrong": lambda: wrong(lambda: TRACER.start_as_current_span("x", colour=1)),
    "decorator": decorated,
    "use_span": use_twice,
    "get_span_context": SPAN.get_span_context,
    "is_recording": SPAN.is_recording,
    "set_attribute": lambda: SPAN.set_attribute("k", ["a", "b"]),
    "set_attribute odd": lambda: SPAN.set_attribute("k", [Odd()]),
    "set_attribute wrong": lambda: wrong(SPAN.set_attribute),
    "set_attributes": lambda: SPAN.set_attributes(ATTRIBUTES),
    "set_attributes odd": lambda: SPAN.set_attributes({"k": {}}),
    "add_event": lambda: SPAN.add_event("e", ATTRIBUTES, 5),
    "add_link": lambda: SPAN.add_link(REMOTE, ATTRIBUTES),
    "update_name": lambda: SPAN.update_name("y" * 10),
    "set_status": lambda: SPAN.set_status(StatusCode.ERROR, "x"),
    "set_status object": lambda: SPAN.set_status(trace.Status(StatusCode.ERROR, "x")),
    "properties": lambda: (SPAN.name, SPAN.kind, SPAN._sets_status, SPAN._records_exceptions),
    "read live": lambda: read(whole()),
    "read ended": lambda: read(ended(whole())),
    "read unsampled": lambda: read(TRACER.start_span("x", UNSAMPLED)),
    "child": lambda: TRACER.start_span("x", trace.set_span_in_context(SPAN)).parent,
    "sampler": lambda: ASKING.get_tracer("leaks").start_span("x", CONTEXT, attributes=ATTRIBUTES),
    "processor": lambda: HEARING.get_tracer("leaks").start_span("x", CONTEXT).end(),
    "asking provider": lambda: (
        TracerProvider(
            Sampler(), None, False, None, Generator(), SpanLimits(max_events=3), exporters=()
        )
        .get_tracer("x")
        .start_span("a", links=[Link(REMOTE)])
        .end(5)
    ),
    "provider of the core's samplers": lambda: TracerProvider(
        ParentBased(ParentBased(TraceIdRatioBased(0.5))), shutdown_on_exit=False, exporters=()
    ),
    "provider of a wrong sampler": lambda: wrong(
        lambda: _core.TracerProvider(None, exporters=(), sampler=("x",))
    ),
    "get_tracer": lambda: PROVIDER.get_tracer("leaks", "1"),
    "provider": lambda: TracerProvider(
        shutdown_on_exit=False, attributes=ATTRIBUTES, exporters=("memory",)
    ).memory_data(),
    "provider wrong": lambda: wrong(lambda: TracerProvider(exporters=5)),
    "resource": PROVIDER._resource_attributes,
    "stats": PROVIDER.stats,
    "force_flush": lambda: PROVIDER.force_flush(1000),
    "w3c_headers": lambda: (_core.w3c_headers(SPAN), wrong(lambda: _core.w3c_headers(5))),
    "flask": lambda: request("/user/17"),
    "flask error": lambda: request("/teapot"),
    "flask stream": lambda: request("/stream"),
    "flask excluded": lambda: request("/health/live"),
    "flask parent": lambda: request(
        "/", HTTP_TRACEPARENT=flask_app.TRACEPARENT, HTTP_BAGGAGE="a=b"
    ),
    "flask wrong": lambda: wrong(lambda: _core.FlaskTracer({})),
    "flask attributes wrong": lambda: wrong(lambda: APP.wsgi_app.attributes_of([])),
    "registry": answer,
    "is_check_name": lambda: (_core.is_check_name("a"), _core.is_check_name(5)),
    "version": _core.version,
}


@pytest.fixture(autouse=True)
def fixture_silence():
    """Log nothing: what pytest captures would be counted."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


# The interpreter's cache of methods keeps the names that were asked for last, also those that are
# made anew each time, as the microseconds of strftime() are from Python 3.12 on. Where it is empty
# it holds None, once a place: 4,096 references that go one by one as names come in.
clear_caches = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache


def growth_of(call, rounds=ROUNDS):
    """Return the bytes that are kept after many calls."""
    gc.collect()
    clear_caches()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            call()
        gc.collect()
        clear_caches()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(
    os.environ.get("PYTHONMALLOC") == "malloc",
    reason="malloc is not measured: what watches that finds leaks itself",
)
@pytest.mark.parametrize("name", CALLS)
def test_memory_stays(name):
    """Neither objects nor references pile up.

    A leak grows each time; the program's own caches, which hold things for a while, do not.
    """
    for _ in range(20):
        CALLS[name]()
    assert min(growth_of(CALLS[name]) for _ in range(5)) < ALLOWED_BYTES


def call_all(rounds):
    """Make every call so often."""
    for call in CALLS.values():
        for _ in range(rounds):
            call()


def test_references_stay():
    """Objects that live for ever are not traced by memory: their counts are looked at."""
    watched = [None, True, TRACER, PROVIDER, REMOTE, STATE, CONTEXT, ATTRIBUTES, *SpanKind]
    watched = [item for item in watched if is_counted(item)]
    counts = []
    for _ in range(4):
        call_all(50)
        gc.collect()
        clear_caches()
        counts.append([sys.getrefcount(item) for item in watched])
    # What is lost or gained once is a cache's; what each round of calls loses or gains is a leak.
    drifts = [[b - a for a, b in pairwise(history)] for history in zip(*counts)]
    grown = {repr(item): drift for item, drift in zip(watched, drifts) if is_steady(drift)}
    assert grown == {}


def is_counted(item):
    """Whether the count of its references tells of leaks.

    From Python 3.12 on None and True are immortal: the interpreter leaves their counts alone, and
    what was built for older ones, as this extension is, moves them, one way only. Nothing is lost
    or gained by it.
    """
    return sys.version_info < (3, 12) or not (item is None or item is True)


def test_a_leak_is_seen():
    """Of an object, and of a reference to one, a call; not what is dropped again."""
    leaked = []
    assert growth_of(lambda: leaked.append(object())) > ALLOWED_BYTES
    assert growth_of(lambda: [object(), str(leaked)]) < ALLOWED_BYTES
    before = sys.getrefcount(REMOTE)
    leaked += [REMOTE] * 50
    assert is_steady([sys.getrefcount(REMOTE) - before])


def is_steady(drift):
    """Whether each round changed a count in the same direction, by about one a call."""
    return all(change >= 40 for change in drift) or all(change <= -40 for change in drift)


def test_an_app_with_health_can_go_away():
    """The engine's threads do not keep it."""
    import weakref  # pylint: disable=import-outside-toplevel

    app = flask.Flask("gone")
    app.config["HEALTH_URL_SECRET"] = None
    health_.Health(app).register_check("true", health_.checks.check_true)
    assert app.test_client().get("/health/").status_code == 200
    reference = weakref.ref(app)
    del app
    gc.collect()
    assert reference() is None
