"""What is no Exception gets to the program also out of objects that are not ours: their properties,
their truth, their text, and what a WSGI app gives."""

import io
import os
import subprocess
import sys

import flask
import pytest
from interruptions_test import INTERRUPTIONS, fixture_no_unraisable, interrupted  # noqa: F401
from opentelemetry import trace

from conftest import assert_equation, exported_spans
from impact_stack.observability import _core
from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.id_generator import RandomIdGenerator
from impact_stack.observability.tracing.provider import TracerProvider

PLAIN = {"trace_id": 2**100, "span_id": 9, "trace_flags": 1, "is_remote": True, "trace_state": None}


def has(**properties):
    """Return an object with these properties; a class is raised by its own."""
    return type(
        "Foreign",
        (),
        {
            name: property(interrupted(value)) if isinstance(value, type) else value
            for name, value in properties.items()
        },
    )()


def truthless(kind):
    """Return an object that nobody can tell the truth of."""
    return type("Truthless", (), {"__bool__": interrupted(kind)})()


def contexts(kind):
    """Return span contexts that are interrupted while they are read, each at another place."""
    return {
        **{name: has(**{**PLAIN, name: kind}) for name in PLAIN},
        "to_bytes": has(
            **{**PLAIN, "span_id": type("Id", (int,), {"to_bytes": interrupted(kind)})(9)}
        ),
        "truth": has(**{**PLAIN, "is_remote": truthless(kind)}),
        "truth of the state": has(**{**PLAIN, "trace_state": truthless(kind)}),
        "to_header": has(**{**PLAIN, "trace_state": has(to_header=interrupted(kind))}),
    }


CONTEXTS = list(contexts(KeyboardInterrupt))


class ForeignSpan(trace.NonRecordingSpan):
    """A span of somebody else's API object."""


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("place", CONTEXTS)
def test_a_span_context_that_is_not_ours(tracer, provider, kind, place):
    """As a parent, as a link of a new span, and as one of a span that lives."""
    context = contexts(kind)[place]
    parent = trace.set_span_in_context(ForeignSpan(context))
    with pytest.raises(kind):
        tracer.start_span("child", parent)
    with pytest.raises(kind), tracer.start_as_current_span("child", parent):
        raise AssertionError("not reached")
    with pytest.raises(kind):
        tracer.start_span("linked", links=[has(context=context, attributes=None)])
    span = tracer.start_span("a")
    with pytest.raises(kind):
        span.add_link(context)
    assert span.is_recording() and not span.links
    span.end()
    assert "child" not in exported_spans(provider)


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_an_object_where_a_parent_is_looked_for(tracer, kind):
    """A Context of its own class, a span that is asked for its context, or what it is."""
    span = ForeignSpan(trace.INVALID_SPAN_CONTEXT)
    span.get_span_context = interrupted(kind)
    for context in [
        has(get=interrupted(kind)),
        trace.set_span_in_context(span),
        trace.set_span_in_context(has(__class__=kind)),
    ]:
        with pytest.raises(kind):
            tracer.start_span("child", context)


CALLS = {
    "record_exception": lambda tracer, span, odd: tracer.start_span("x", record_exception=odd),
    "set_status_on_exception": lambda tracer, span, odd: tracer.start_span(
        "x", set_status_on_exception=odd
    ),
    "end_on_exit": lambda tracer, span, odd: tracer.start_as_current_span("x", end_on_exit=odd),
    "both": lambda tracer, span, odd: tracer.start_as_current_span(
        "x", record_exception=odd, set_status_on_exception=odd
    ),
    "use_span": lambda tracer, span, odd: _core.use_span(span, end_on_exit=odd),
}


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("name", CALLS)
def test_a_flag_whose_truth_is_asked_for(tracer, provider, kind, name):
    """The call is over, and no span is left open."""
    span = tracer.start_span("a")
    with pytest.raises(kind):
        CALLS[name](tracer, span, truthless(kind))
    span.end()
    assert provider.force_flush() and provider.stats()["ended"] == len(exported_spans(provider))


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_a_status_that_is_not_ours(tracer, kind):
    """The span has none then."""
    span = tracer.start_span("a")
    for status in [
        has(status_code=kind),
        has(status_code=trace.StatusCode.ERROR, description=kind),
        has(status_code=has(value=kind), description=None),
        has(value=kind),
    ]:
        with pytest.raises(kind):
            span.set_status(status)
        with pytest.raises(kind):
            span.set_status(status, "beside it")
    assert span.status.is_unset
    span.end()


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_a_link_that_is_not_ours(tracer, kind):
    """Its context, its attributes, and the list that it is in."""
    context = trace.SpanContext(2**100, 9, True)
    for links in [
        [has(context=kind)],
        [has(context=context, attributes=kind)],
        type("Links", (), {"__iter__": interrupted(kind)})(),
    ]:
        with pytest.raises(kind):
            tracer.start_span("x", links=links)


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_a_generator_of_ids_that_is_not_ours(kind):
    """What it says of its ids, and the ids themselves."""

    class Generator(RandomIdGenerator):
        """One that is asked; the core stands for a plain one."""

    generator = Generator()
    generator.is_trace_id_random = interrupted(kind)
    generator.generate_span_id = lambda: 5
    with pytest.raises(kind):
        TracerProvider(id_generator=generator, exporters=())
    generator.is_trace_id_random = lambda: truthless(kind)
    with pytest.raises(kind):
        TracerProvider(id_generator=generator, exporters=())
    generator.is_trace_id_random = lambda: True
    generator.generate_span_id = lambda: type("Id", (int,), {"to_bytes": interrupted(kind)})(5)
    provider = TracerProvider(id_generator=generator, exporters=("memory",))
    with pytest.raises(kind):
        provider.get_tracer("x").start_span("a")
    assert provider.stats()["ended"] == 0


# ---- requests to a Flask app ----


def ask(app, **environ):
    """Ask the app as a server does; return the body."""
    given = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "here",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
    }  # fmt: skip
    body = app.wsgi_app({**given, **environ}, lambda *arguments: None)
    try:
        return b"".join(body)
    finally:
        getattr(body, "close", lambda: None)()


def traced(app=None, wsgi_app=None):
    """Return an app that is traced, and its provider."""
    provider = TracerProvider(exporters=("memory",))
    app = app or flask.Flask("interrupted")
    app.add_url_rule("/", "index", lambda: "well")
    if wsgi_app:
        app.wsgi_app = wsgi_app
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    return app, provider


def check_interrupted(app, provider, kind, **environ):
    """The request is over, nothing is current, and spans are counted."""
    with pytest.raises(kind):
        ask(app, **environ)
    assert not trace.get_current_span().get_span_context().is_valid
    assert provider.force_flush()
    assert_equation(provider)


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("is_rule", [False, True])
def test_the_route_of_a_request(kind, is_rule):
    """Request.url_rule may be a program's own, and so may the rule be."""

    class Request(flask.Request):
        """Whose rule interrupts who asks for it before the request, which is the instrumentor."""

        @property
        def url_rule(self):
            """Flask's own questions come from deeper down."""
            if is_rule:
                return has(rule=kind, endpoint="index")
            if sys._getframe(1).f_code.co_name == "preprocess_request":
                raise kind
            return None

        @url_rule.setter
        def url_rule(self, rule):
            """Take what Flask has found."""

    app = flask.Flask("interrupted")
    app.request_class = Request
    app, provider = traced(app)
    check_interrupted(app, provider, kind)
    assert exported_spans(provider) == {}


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("method", ["upper", "strip"])
def test_text_of_an_environ_with_methods_of_its_own(kind, method):
    """A server's str may be a class of its own."""
    odd = type("Text", (str,), {method: interrupted(kind)})("brew")
    app, provider = traced(wsgi_app=None)
    provider_app = app.wsgi_app
    with pytest.raises(kind):
        provider_app.attributes_of({"REQUEST_METHOD": odd})
    assert_equation(provider)


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_a_number_of_an_environ(kind):
    """A port that is no int becomes one."""
    odd = type("Port", (), {"__int__": interrupted(kind), "__str__": lambda self: "80"})()
    app, _ = traced()
    with pytest.raises(kind):
        app.wsgi_app.attributes_of({"SERVER_PORT": odd})


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_the_url_of_a_request(monkeypatch, kind):
    """It is put together by Python where the server does not say it."""
    monkeypatch.setattr("impact_stack.observability.tracing.flask.url_of", interrupted(kind))
    app, provider = traced()
    check_interrupted(app, provider, kind)
    assert exported_spans(provider) == {}


@pytest.mark.parametrize("kind", INTERRUPTIONS)
def test_the_length_of_an_answer(kind):
    """Of an app inside ours, whose header is no text."""
    odd = type("Length", (), {"__int__": interrupted(kind)})()
    app, provider = traced()
    whole = app.wsgi_app

    def with_length(environ, start_response):
        return original(environ, lambda status, headers: start_response(
            status, [("Content-Length", odd)]
        ))  # fmt: skip

    FlaskInstrumentor.uninstrument_app(app)
    assert whole is not app.wsgi_app
    original, app.wsgi_app = app.wsgi_app, with_length
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    check_interrupted(app, provider, kind)
    assert len(exported_spans(provider)) == 1


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("name", ["read", "close"])
def test_a_body_that_is_not_ours(kind, name):
    """It is asked whether it is a file, where the server sends files, and how it is closed."""
    body = type("Body", (), {
        "__iter__": lambda self: iter([b"a"]), name: property(interrupted(kind))
    })  # fmt: skip

    def answer(environ, start_response):
        del environ
        start_response("200 OK", [])
        return body()

    app, provider = traced(wsgi_app=answer)
    check_interrupted(app, provider, kind, **{"wsgi.file_wrapper": list})


# ---- what everybody uses ----


LOG = """
import logging, os, sys
from impact_stack.observability import logger
from impact_stack.observability.tracing.provider import TracerProvider

class Interrupting(logging.Handler):
    heard = 0
    def emit(self, record):
        Interrupting.heard += 1
        if Interrupting.heard == 1:
            raise KeyboardInterrupt

logger.addHandler(Interrupting())
logger.propagate = False
try:
    TracerProvider(exporters=()).force_flush()
except KeyboardInterrupt:
    print("interrupted")
TracerProvider(exporters=()).force_flush()
print("heard", Interrupting.heard)
"""


def output_of(script, **environment):
    """Return what a script prints."""
    env = {**os.environ, **environment}
    asked = [sys.executable, "-c", script]
    return subprocess.run(asked, capture_output=True, text=True, check=True, env=env).stdout


def test_a_log_that_is_told_what_the_core_has_to_say():
    """Ctrl-C while it is written does what it does elsewhere; what was to be said is not lost."""
    wrong = dict.fromkeys(("OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT"), "nonsense")
    assert output_of(LOG, **wrong) == "interrupted\nheard 2\n"


RUNTIME = """
import opentelemetry.context as api
from opentelemetry import trace

class Runtime:
    def __init__(self, wrapped):
        self.wrapped, self.at = wrapped, None
    def __getattr__(self, name):
        if name == self.at:
            self.at = None
            raise KeyboardInterrupt
        return getattr(self.wrapped, name)

runtime = api._RUNTIME_CONTEXT = Runtime(api._RUNTIME_CONTEXT)
from impact_stack.observability.tracing.provider import TracerProvider
provider = TracerProvider(exporters=("memory",))
tracer = provider.get_tracer("x")
def block():
    with tracer.start_as_current_span("a"):
        pass
for place in ("get_current", "attach"):
    runtime.at = place
    try:
        block()
    except KeyboardInterrupt:
        print(place)
try:
    with tracer.start_as_current_span("b"):
        runtime.at = "detach"
except KeyboardInterrupt:
    print("detach", provider.stats()["ended"])
"""


def test_a_context_that_is_kept_elsewhere():
    """OTEL_PYTHON_CONTEXT: then Python code runs where a Context is read, set, and given back."""
    assert output_of(RUNTIME) == "get_current\nattach\ndetach 2\n"
