"""Nothing in `_core` leaks: each of its functions, methods and properties is called many times,
with good arguments and with bad ones. What is new there and not listed here fails."""

import logging
import os
import types

import flask
import leaks_test
import pytest
from leaks_test import (
    APP,
    ATTRIBUTES,
    CONTEXT,
    ENVIRON,
    PROVIDER,
    REMOTE,
    SPAN,
    TRACER,
    growth_of,
    request,
)  # fmt: skip
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from impact_stack.observability import _core
from impact_stack.observability.tracing.flask import _KEY

ROUNDS = 100  # a leaked object a round is more than the bytes that are allowed below

class Odd:
    """What nobody can make anything of."""

    def refuse(self, *_arguments):
        """Fail."""
        raise ValueError("odd")

    __str__ = __bool__ = __int__ = __float__ = __index__ = __iter__ = __len__ = refuse
    __getitem__ = __hash__ = refuse

    def __getattr__(self, name):
        raise ValueError(name)

    def __repr__(self):
        return "Odd()"


def span():
    """Return a live span."""
    return TRACER.start_span("x", CONTEXT, SpanKind.CLIENT, ATTRIBUTES, [Link(REMOTE, ATTRIBUTES)])


def registry():
    """Return a registry with a check."""
    made = _core.HealthRegistry(
        lambda name: None,
        prefix="/health",
        secret=None,
        ignores_unknown_checks=True,
        budget_ms=0,
    )
    made.add("a", "_defaults")
    return made


def exchange():
    """Return the exchange of a request that is being handled, and close it."""
    with APP.test_request_context("/"):
        APP.preprocess_request()
        return flask.request.environ["impact_stack.observability.exchange"]


def body():
    """Return a body on its way to a server."""
    environ = {**ENVIRON, "PATH_INFO": "/stream"}
    environ.pop("werkzeug.request", None)
    return APP.wsgi_app(environ, lambda *arguments: None)


PULSE = _core.Pulse()
FLASK_TRACER = APP.extensions[_KEY][0]
PARTS = {}  # of a FlaskTracer, as flask.py gives them


def fill_parts():
    """Ask flask.py for the parts."""
    made = _core.FlaskTracer

    def take(parts):
        PARTS.update(parts)
        return made(parts)

    try:
        _core.FlaskTracer = take
        leaks_test.FlaskInstrumentor.instrument_app(flask.Flask("parts"), tracer_provider=PROVIDER)
    finally:
        _core.FlaskTracer = made


fill_parts()


def entered():
    """Go through a block."""
    with TRACER.start_as_current_span("x"):
        pass


def call_exchange():
    """Answer, as an app does."""
    request("/")


def listened():
    """Listen, and let go."""
    registry().listen("127.0.0.1:0")


def make(kind):
    """Return what makes one with `__new__`, as a subclass would."""
    return lambda: kind.__new__(kind, exporters=())


INSTANCES = {
    "TracerProvider": lambda: _core.TracerProvider(exporters=("discard",)),
    "Tracer": lambda: TRACER,
    "Span": span,
    "CurrentSpan": lambda: TRACER.start_as_current_span("x"),
    "HealthRegistry": registry,
    "Pulse": _core.Pulse,
    "FlaskTracer": lambda: FLASK_TRACER,
    "Exchange": exchange,
    "ResponseBody": body,
}

GOOD = {
    "configure": None,
    "insist": lambda: _core.insist(list, SystemExit),
    "is_check_name": lambda: _core.is_check_name("a"),
    "report_diagnostics_to": None,
    "sdk_metrics": _core.sdk_metrics,
    "sigterm_is_default": _core.sigterm_is_default,
    "sigterm_leave_to_python": lambda: _core.sigterm_leave_to_python(False),
    "sigterm_watch": None,
    "use_span": lambda: _core.use_span(SPAN),
    "version": _core.version,
    "w3c_headers": lambda: _core.w3c_headers(SPAN),
    "TracerProvider.__new__": make(type(PROVIDER).__mro__[1]),
    "TracerProvider._listen": None,
    "TracerProvider._resource_attributes": PROVIDER._resource_attributes,
    "TracerProvider.force_flush": lambda: PROVIDER.force_flush(1000),
    "TracerProvider.get_tracer": lambda: _core.TracerProvider.get_tracer(PROVIDER, "x", "1", "u"),
    "TracerProvider.memory_data": lambda: _core.TracerProvider(exporters=("memory",)).memory_data(),
    "TracerProvider.shutdown": lambda: _core.TracerProvider(exporters=()).shutdown(1000),
    "TracerProvider.stats": PROVIDER.stats,
    "Tracer._provider": lambda: TRACER._provider,
    "Tracer.start_as_current_span": entered,
    "Tracer.start_span": span,
    "Span._dropped": lambda: span()._dropped,
    "Span._end": lambda: (made := span(), made._end(5), made._end(5)),
    "Span._events": lambda: span()._events,
    "Span._links": lambda: span()._links,
    "Span._records_exceptions": lambda: SPAN._records_exceptions,
    "Span._sets_status": lambda: SPAN._sets_status,
    "Span._status": lambda: SPAN._status,
    "Span._tracer": lambda: SPAN._tracer,
    "Span.add_event": lambda: SPAN.add_event("e", ATTRIBUTES, 5),
    "Span.add_link": lambda: SPAN.add_link(REMOTE, ATTRIBUTES),
    "Span.attributes": lambda: _core.Span.attributes.__get__(span()),
    "Span.context": lambda: span().context,
    "Span.end": lambda: span().end(),
    "Span.end_time": lambda: SPAN.end_time,
    "Span.get_span_context": lambda: span().get_span_context(),
    "Span.is_recording": SPAN.is_recording,
    "Span.kind": lambda: SPAN.kind,
    "Span.name": lambda: SPAN.name,
    "Span.parent": lambda: span().parent,
    "Span.set_attribute": lambda: SPAN.set_attribute("k", ["a", {"b": b"c"}]),
    "Span.set_attributes": lambda: SPAN.set_attributes(ATTRIBUTES),
    "Span.set_status": lambda: SPAN.set_status(Status(StatusCode.ERROR, "x")),
    "Span.start_time": lambda: SPAN.start_time,
    "Span.update_name": lambda: SPAN.update_name("y" * 10),
    "CurrentSpan.__call__": lambda: TRACER.start_as_current_span("x")(len)([]),
    "CurrentSpan.__enter__": entered,
    "CurrentSpan.__exit__": entered,
    "CurrentSpan._again": lambda: TRACER.start_as_current_span("x", attributes={})._again(),
    "HealthRegistry.__new__": registry,
    "HealthRegistry.add": registry,
    "HealthRegistry.add_heartbeat": lambda: [
        registry().add_heartbeat(name, "", 1000, PULSE) for name in "bcb"
    ],
    "HealthRegistry.add_provided": lambda: registry().add_provided(
        "b", "", "program", {"argv": ("true",)}, 500
    ),
    "HealthRegistry.answer": lambda: registry().answer("GET", "/health/", b"", [("a", b"b")]),
    "HealthRegistry.change": lambda: registry().change("a", ""),
    "HealthRegistry.listen": listened,
    "HealthRegistry.port": lambda: registry().port(),
    "HealthRegistry.remove": lambda: registry().remove("a"),
    "HealthRegistry.set": lambda: registry().set(
        secret="x", ignores_unknown_checks=False, budget_ms=5
    ),
    "HealthRegistry.set_phase": lambda: registry().set_phase(2),
    "Pulse.__new__": lambda: _core.Pulse(1, word=2),
    "Pulse.age": lambda: PULSE.age(),
    "Pulse.beat": lambda: PULSE.beat(),
    "FlaskTracer.__call__": lambda: request("/user/17"),
    "FlaskTracer.__new__": lambda: _core.FlaskTracer(PARTS),
    "FlaskTracer.attributes_of": lambda: FLASK_TRACER.attributes_of(ENVIRON),
    "FlaskTracer.begin": exchange,
    "FlaskTracer.finish": exchange,
    "Exchange.__call__": call_exchange,
    "ResponseBody.__iter__": lambda: iter(body()),
    "ResponseBody.__next__": lambda: list(body()),
    "ResponseBody.close": lambda: body().close(),
}

NOT_LOOPED = {
    "configure": "it is called once, and would replace what the other tests use",
    "report_diagnostics_to": "it would take the log away; interpreters_test.py calls it",
    "sigterm_watch": "it changes the process for good; sigterm_test.py calls it in processes",
    "TracerProvider._listen": "it takes nothing, and makes a provider call methods ever after",
}

BAD = {
    "nothing": ((), {}),
    "too much": (tuple(Odd() for _ in range(12)), {}),
    "one that is odd": ((Odd(),), {}),
    "two that are odd": ((Odd(), Odd()), {}),
    "four that are odd": ((Odd(),) * 4, {}),
    "a name and what is odd": (("x", Odd(), Odd(), Odd(), Odd()), {}),
    "a word that is unknown": (("x",), {"colour": Odd()}),
    "something twice": (("x",), {"name": "x"}),
    "lone surrogates": (("\ud800", "\ud800"), {}),
    "null characters": (("a\0b", False), {}),
    "a container of what is odd": (([Odd()], {"k": Odd()}, {1: [Odd()]}), {}),
}


def entries():
    """Return the names of all that `_core` has."""
    found = []
    for name, thing in vars(_core).items():
        if isinstance(thing, types.BuiltinFunctionType):
            found.append(name)
        elif isinstance(thing, type):
            found += [
                f"{name}.{member}" for member in vars(thing) if member not in ATTRIBUTES_OF_ALL
            ]
    return found


ATTRIBUTES_OF_ALL = {"__doc__", "__module__"}


@pytest.fixture(autouse=True)
def fixture_silence(monkeypatch):
    """Log nothing, and print nothing: what pytest captures would be counted."""
    monkeypatch.setattr("sys.unraisablehook", lambda *_: None)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_all_that_there_is_is_called_here():
    """Whatever is new in `_core` gets a call, or a reason for none."""
    assert sorted(entries()) == sorted(GOOD)
    assert {name for name, call in GOOD.items() if call is None} == set(NOT_LOOPED)


def keeps_memory(call):
    """Whether it leaves memory where it was; caches that fill once are not leaks."""
    for _ in range(20):
        call()
    return any(growth_of(call, ROUNDS) < 10 * ROUNDS for _ in range(5))


watched = pytest.mark.skipif(
    os.environ.get("PYTHONMALLOC") == "malloc",
    reason="malloc is not measured: what watches that finds leaks itself",
)


@watched
@pytest.mark.parametrize("name", [name for name, call in GOOD.items() if call])
def test_good_calls_leave_nothing(name):
    """Neither objects nor references pile up."""
    assert keeps_memory(GOOD[name])


def bad_call(name, arguments, keywords):
    """Return what makes such a call, whatever comes of it."""
    owner, _, method = name.rpartition(".")

    def call():
        try:
            if method == "__new__":
                getattr(_core, owner)(*arguments, **keywords)
            elif owner:
                getattr(INSTANCES[owner](), method)(*arguments, **keywords)
            else:
                getattr(_core, method)(*arguments, **keywords)
        except (Exception, StopIteration):
            pass

    return call


CALLABLE = [
    name
    for name in GOOD
    if name not in NOT_LOOPED
    and (
        "." not in name or callable(getattr(getattr(_core, name.split(".")[0]), name.split(".")[1]))
    )
]


@watched
@pytest.mark.parametrize("name", CALLABLE)
def test_bad_calls_leave_nothing(name):
    """Whatever is wrong with the arguments."""
    calls = [bad_call(name, *BAD[kind]) for kind in BAD]

    def call():
        for one in calls:
            one()

    assert keeps_memory(call)


@pytest.mark.parametrize("name", CALLABLE)
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_call_raises_nothing_but_exceptions(name, kind):
    """No SystemError: a result with an exception set, or neither."""
    owner, _, method = name.rpartition(".")
    target = INSTANCES[owner]() if owner and method != "__new__" else _core
    arguments, keywords = BAD[kind]
    try:
        getattr(target, owner if method == "__new__" else method)(*arguments, **keywords)
    except SystemError:
        raise
    except (Exception, StopIteration):
        pass
