"""Fixtures, and the reading of exported spans with the official protobuf classes."""

import signal

import flask
import pytest
from opentelemetry import context
from opentelemetry.proto.trace.v1 import trace_pb2

from impact_stack.observability.tracing import provider as provider_
from impact_stack.observability.tracing import repeated

# What a shell starts in the background ignores these, and so would each program that a test starts,
# and stops with one of them.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)


def value_of(value):
    """Return the Python value of an AnyValue."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "kvlist_value":
        return {pair.key: value_of(pair.value) for pair in value.kvlist_value.values}
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    return getattr(value, kind)


def attributes_of(message):
    """Return the attributes of a message as a dict."""
    return {pair.key: value_of(pair.value) for pair in message.attributes}


def exported_spans(provider):
    """Flush, and return the exported spans by name."""
    assert provider.force_flush(30_000)
    data = trace_pb2.TracesData.FromString(provider.memory_data())
    return {
        span.name: span
        for resource_spans in data.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    }


def assert_equation(provider):
    """Every span that ended must be accounted for in exactly one counter."""
    stats = provider.stats()
    assert stats.pop("ended") == sum(stats.values())


@pytest.fixture(autouse=True)
def fixture_unsaid(monkeypatch):
    """What was said in another test, less than a minute ago, is said again."""
    monkeypatch.setattr(repeated, "_said", {})
    monkeypatch.setattr(repeated, "_kept_back", {})


@pytest.fixture(autouse=True)
def fixture_context():
    """Begin each test without a current span, whatever the one before has left current."""
    token = context.attach(context.Context())
    yield
    context.detach(token)


@pytest.fixture(name="provider")
def fixture_provider():
    """Return a provider that keeps what it exports; every test ends by checking its counters."""
    provider = provider_.TracerProvider(exporters=("memory",))
    yield provider
    provider.force_flush(30_000)
    assert_equation(provider)
    provider.shutdown(0)


@pytest.fixture(name="tracer")
def fixture_tracer(provider):
    """Return a tracer of the provider."""
    return provider.get_tracer("tests", "1.0")


@pytest.fixture(name="app")
def fixture_app():
    """Return an app whose health answers are open to all."""
    app = flask.Flask("tests")
    app.config["HEALTH_URL_SECRET"] = None
    return app
