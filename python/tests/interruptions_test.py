"""What is no Exception is meant for the program: it gets there, whoever raised it, as with
opentelemetry-sdk; and the spans are told of and counted as without it."""

import flask
import pytest
from opentelemetry import trace

from conftest import assert_equation, exported_spans
from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.id_generator import RandomIdGenerator
from impact_stack.observability.tracing.processors import SpanProcessor
from impact_stack.observability.tracing.provider import TracerProvider


class Timeout(BaseException):
    """As gevent's, which is raised wherever its greenlet waits."""


INTERRUPTIONS = [Timeout, KeyboardInterrupt, SystemExit, GeneratorExit]


def interrupted(kind):
    """Return a function that raises it, whatever it is asked."""

    def interrupt(*_arguments, **_keywords):
        raise kind

    return interrupt


@pytest.fixture(name="no_unraisable", autouse=True)
def fixture_no_unraisable(monkeypatch):
    """Nothing is swallowed."""
    swallowed = []
    monkeypatch.setattr("sys.unraisablehook", swallowed.append)
    yield
    assert swallowed == []


class Interrupting(SpanProcessor):
    """A processor of which one method is interrupted."""

    def __init__(self, method, kind):
        setattr(self, method, interrupted(kind))


class Counting(SpanProcessor):
    """A processor that counts what it is told."""

    def __init__(self):
        self.told = []

    def on_start(self, span, parent_context=None):
        """Count a start."""
        self.told.append("start")

    def _on_ending(self, span):
        """Count an end that is near."""
        self.told.append("ending")

    def on_end(self, span):
        """Count an end."""
        self.told.append("end")


class Asked:
    """A sampler and a generator of ids in one."""

    should_sample = None
    generate_span_id = RandomIdGenerator().generate_span_id
    generate_trace_id = RandomIdGenerator().generate_trace_id


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("method", ["should_sample", "generate_span_id", "generate_trace_id"])
def test_what_is_asked_before_a_span_starts_interrupts_its_start(kind, method):
    """There is no span then, and none is counted."""
    asked = Asked()
    setattr(asked, method, interrupted(kind))
    sampler = asked if method == "should_sample" else None
    provider = TracerProvider(sampler, id_generator=asked, exporters=("memory",))
    with pytest.raises(kind):
        provider.get_tracer("x").start_span("a")
    with pytest.raises(kind), provider.get_tracer("x").start_as_current_span("a"):
        raise AssertionError("not reached")
    assert not trace.get_current_span().get_span_context().is_valid
    assert exported_spans(provider) == {} and provider.stats()["ended"] == 0


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_a_processor_that_is_interrupted_at_a_start(provider, kind):
    """The others are told; the span, which nobody has, ends as any that is dropped."""
    counting = Counting()
    provider.add_span_processor(Interrupting("on_start", kind))
    provider.add_span_processor(counting)
    has_come = False
    try:
        provider.get_tracer("x").start_span("a")
    except kind:  # whose traceback holds the span
        has_come = True
    assert has_come and counting.told == ["start"]
    assert list(exported_spans(provider)) == ["a"]


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("method", ["_on_ending", "on_end"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_processor_that_is_interrupted_at_an_end(provider, kind, method, alone):
    """The span has ended, once, and the others are told."""
    counting = Counting()
    for processor in [Interrupting(method, kind)] if alone else [
        Interrupting(method, kind), counting, Interrupting(method, KeyboardInterrupt)
    ]:  # fmt: skip
        provider.add_span_processor(processor)
    span = provider.get_tracer("x").start_span("a")
    with pytest.raises(kind):
        span.end()
    assert not span.is_recording() and list(exported_spans(provider)) == ["a"]
    assert alone or counting.told == ["start", "ending", "end"]


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_an_exception_that_is_being_recorded(tracer, provider, kind):
    """What comes meanwhile takes its place, and the span ends."""

    class Odd(Exception):
        """Whose text is not to be had."""

        __str__ = interrupted(kind)

    with pytest.raises(kind), tracer.start_as_current_span("a"):
        raise Odd
    assert list(exported_spans(provider)) == ["a"]
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_span_of_a_block_is_held_while_it_ends(tracer):
    """Whoever is told of its end may enter the same block again."""
    block = tracer.start_as_current_span("a")
    names = []

    class Again(SpanProcessor):
        """Enters it."""

        def on_end(self, span):
            """Once."""
            names.append(span.name)
            if len(names) == 1:
                with block:
                    pass

    tracer._provider.add_span_processor(Again())
    with block:
        pass
    assert names == ["a", "a"]


CALLS = {
    "start_span": lambda tracer, span, odd: tracer.start_span("x", attributes={"k": odd}),
    "a name": lambda tracer, span, odd: tracer.start_span(odd),
    "a link": lambda tracer, span, odd: tracer.start_span(
        "x", links=[trace.Link(span.get_span_context(), {"k": odd})]
    ),
    "start_as_current_span": lambda tracer, span, odd: (
        tracer.start_as_current_span("x", attributes={"k": [odd]}).__enter__()
    ),
    "set_attribute": lambda tracer, span, odd: span.set_attribute("k", odd),
    "set_attributes": lambda tracer, span, odd: span.set_attributes({"k": 1, "l": odd}),
    "add_event": lambda tracer, span, odd: span.add_event("e", {"k": odd}),
    "an event's name": lambda tracer, span, odd: span.add_event(odd, {"k": odd}),
    "add_link": lambda tracer, span, odd: span.add_link(span.get_span_context(), {"k": odd}),
    "update_name": lambda tracer, span, odd: span.update_name(odd),
    "set_status": lambda tracer, span, odd: span.set_status(trace.StatusCode.ERROR, odd),
    "get_tracer": lambda tracer, span, odd: tracer._provider.get_tracer("x", attributes={"k": odd}),
}


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("name", CALLS)
def test_a_value_that_is_being_made_text(tracer, provider, kind, name):
    """A signal or a greenlet's Timeout may come anywhere in Python code, so also there."""

    class Odd:
        """What has a text that takes long."""

        __str__ = interrupted(kind)

    span = tracer.start_span("a")
    with pytest.raises(kind):
        CALLS[name](tracer, span, Odd())
    assert span.is_recording()
    span.end()
    assert "a" in exported_spans(provider)


# ---- requests to a Flask app ----


def app_with(**options):
    """Return an app that is traced so, and its provider."""
    provider = TracerProvider(exporters=("memory",))
    app = flask.Flask("interrupted")
    app.add_url_rule("/", "index", lambda: "well")
    app.add_url_rule("/stream", "stream", lambda: flask.Response(iter([b"a", b"b"])))
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider, **options)
    return app, provider


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("path", ["/", "/stream"])
@pytest.mark.parametrize("hook", ["request_hook", "response_hook"])
def test_a_hook_of_flask(kind, path, hook):
    """The request is over, and so is its span."""
    app, provider = app_with(**{hook: interrupted(kind)})
    with pytest.raises(kind):
        app.test_client().get(path)
    assert len(exported_spans(provider)) == 1
    assert not trace.get_current_span().get_span_context().is_valid
    assert_equation(provider)


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("path", ["/", "/stream"])
@pytest.mark.parametrize("method", ["on_start", "_on_ending", "on_end"])
def test_a_processor_during_a_request(kind, path, method):
    """It interrupts the request; the span is exported once."""
    app, provider = app_with()
    provider.add_span_processor(Interrupting(method, kind))
    has_come = False
    try:
        _ = app.test_client().get(path).data
    except kind:  # whose traceback holds the span
        has_come = True
    assert has_come and len(exported_spans(provider)) == 1
    assert_equation(provider)


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_what_tells_whether_a_url_is_excluded(monkeypatch, kind):
    """It is asked in the request, and interrupts it."""
    app, provider = app_with(excluded_urls="/nowhere")
    monkeypatch.setattr(flask.Request, "url", property(interrupted(kind)))
    with pytest.raises(kind):
        app.test_client().get("/")
    assert exported_spans(provider) == {}
