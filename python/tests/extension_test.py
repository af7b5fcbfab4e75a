"""Tracing and autoinstrument_app on real apps with the official instrumentors."""

import logging
import subprocess
import sys

import flask
import pytest
from flask_sqlalchemy import SQLAlchemy
from opentelemetry.instrumentation.flask import FlaskInstrumentor as ContribInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

from conftest import attributes_of, exported_spans
from impact_stack.observability import tracing
from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.requests import RequestsInstrumentor


@pytest.fixture(autouse=True)
def fixture_uninstrument():
    """Take back what is instrumented process-wide."""
    yield
    for instrumentor in (RequestsInstrumentor(), SQLAlchemyInstrumentor()):
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()


@pytest.fixture(name="traced")
def fixture_traced(app, provider):
    """Return an app with a route, traced by the provider."""
    app.config["TRACING_INSTRUMENTORS"] = ["flask"]
    app.add_url_rule("/hello/<name>", view_func=lambda name: f"hello {name}", endpoint="hello")
    app.add_url_rule("/broken", view_func=lambda: 1 / 0, endpoint="broken")
    extension = tracing.Tracing()
    extension.init_app(app, tracer_provider=provider, set_global_tracer_provider=False)
    return app


def test_a_request_is_a_server_span(traced, provider):
    """With the parent that the caller names."""
    header = {"traceparent": f"00-{7:032x}-{9:016x}-01"}
    assert traced.test_client().get("/hello/you", headers=header).data == b"hello you"
    span = exported_spans(provider)["GET /hello/<name>"]
    assert span.kind == 2
    assert int.from_bytes(span.parent_span_id, "big") == 9
    attributes = attributes_of(span)
    assert attributes["http.route"] == "/hello/<name>"
    assert 200 in (attributes.get("http.status_code"), attributes.get("http.response.status_code"))


def test_a_broken_view_is_an_error(traced, provider):
    """As the instrumentor reports it."""
    assert traced.test_client().get("/broken").status_code == 500
    span = exported_spans(provider)["GET /broken"]
    assert span.status.code == 2
    assert [event.name for event in span.events] == ["exception"]


def test_one_tracing_an_app(traced):
    """The second one is refused."""
    assert isinstance(traced.extensions["tracing"], tracing.Tracing)
    with pytest.raises(RuntimeError, match="already been registered on this Flask app"):
        tracing.Tracing(traced)


def test_disabled(app, caplog):
    """Nothing else happens."""
    app.config["TRACING_ENABLED"] = False
    with caplog.at_level(logging.INFO):
        extension = tracing.Tracing(app)
    assert extension.tracer_provider is None
    assert "Tracing disabled" in caplog.text
    assert not getattr(app, "_is_instrumented_by_opentelemetry", False)


def test_the_resource_is_that_of_the_configuration(app, caplog):
    """It wins over the argument, which goes by two names."""
    app.config["TRACING_RESOURCE_ATTRIBUTES"] = {"a": "config"}
    app.config["TRACING_INSTRUMENTORS"] = ["flask"]
    extension = tracing.Tracing()
    with pytest.raises(TypeError):
        extension.init_app(app, {"a": 1}, attributes={"a": 2})
    assert "tracing" not in app.extensions
    with caplog.at_level(logging.INFO):
        extension.init_app(
            app, attributes={"a": "argument", "b": "argument"}, set_global_tracer_provider=False
        )
    attributes = extension.tracer_provider.resource.attributes
    assert (attributes["a"], attributes["b"]) == ("config", "argument")
    record = next(r for r in caplog.records if r.getMessage() == "Tracing initialized")
    assert record.instrumentors == ["flask"]
    assert record.resource_attributes["a"] == "config"


def test_autoinstrument_returns_classes(app, provider, caplog):
    """A name that is not installed is logged and left out."""
    applied = tracing.autoinstrument_app(app, ["flask", "nonesuch", "requests"], provider)
    assert applied == {"flask": FlaskInstrumentor, "requests": RequestsInstrumentor}
    assert "'nonesuch' is not installed" in caplog.text


@pytest.mark.parametrize("names", ["flask", "flask, requests", " flask,"])
def test_instrumentors_may_be_named_in_one_text(app, provider, caplog, names):
    """As in the variables of OpenTelemetry; its letters are no names."""
    applied = tracing.autoinstrument_app(app, names, provider)
    assert set(applied) == {name for name in ("flask", "requests") if name in names}
    assert "not installed" not in caplog.text


@pytest.mark.parametrize("instrumentors", [None, []])
def test_autoinstrument_all(app, provider, instrumentors):
    """Nothing named means everything that is installed."""
    applied = tracing.autoinstrument_app(app, instrumentors, provider)
    assert {"flask", "requests", "sqlalchemy"} <= set(applied)


@pytest.mark.parametrize("how", ["argument", "config", "environment"])
def test_flask_is_traced_by_contribs_instrumentor_on_request(app, provider, monkeypatch, how):
    """And by ours otherwise."""
    assert tracing.autoinstrument_app(app, ["flask"], provider) == {"flask": FlaskInstrumentor}
    other = flask.Flask("other")
    arguments = {"contrib": ["flask"]} if how == "argument" else {}
    if how == "config":
        other.config["TRACING_FLASK"] = "contrib"
    if how == "environment":
        monkeypatch.setenv("TRACING_FLASK", "contrib")
    applied = tracing.autoinstrument_app(other, ["flask"], provider, **arguments)
    assert applied == {"flask": ContribInstrumentor}


class Refusing:
    """An instrumentor that does not take the version of its library."""

    is_instrumented_by_opentelemetry = False

    def instrument(self, **arguments):
        """Do nothing, as opentelemetry-instrumentation does then."""


def test_an_instrumentor_that_refuses_is_not_called_applied(app, provider, monkeypatch, caplog):
    """What is returned is what was done."""
    monkeypatch.setattr("importlib.metadata.EntryPoint.load", lambda point: Refusing)
    assert tracing.autoinstrument_app(app, ["requests"], provider) == {}
    assert "Instrumentor 'requests' cannot be applied" in caplog.text


class Broken:
    """An instrumentor that fails."""

    def instrument_app(self, app, tracer_provider):
        """Fail."""
        raise OSError("no")


def test_a_broken_instrumentor_breaks_no_app(app, provider, monkeypatch, caplog):
    """It is logged with its name."""
    monkeypatch.setattr("importlib.metadata.EntryPoint.load", lambda point: Broken)
    assert tracing.autoinstrument_app(app, ["flask"], provider) == {}
    assert "Instrumentor 'flask' cannot be applied" in caplog.text


def test_statements_of_flask_sqlalchemy_are_spans(app, provider, tmp_path):
    """The engine exists already; the spans are children of the request."""
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/shop.db"
    db = SQLAlchemy(app)
    app.add_url_rule(
        "/db", view_func=lambda: str(db.session.execute(db.text("SELECT 41 + 1")).scalar())
    )
    tracing.autoinstrument_app(app, ["flask", "sqlalchemy"], provider)
    assert app.test_client().get("/db").data == b"42"
    spans = exported_spans(provider)
    statement = next(span for name, span in spans.items() if name.startswith("SELECT"))
    assert statement.kind == 3
    assert statement.trace_id == spans["GET /db"].trace_id


def test_tracing_before_logging_names_the_service():
    """The logging instrumentor reads provider.resource and puts ids into records."""
    pytest.importorskip("opentelemetry.instrumentation.logging")
    program = """
import flask, logging
from impact_stack.observability import tracing
from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.requests import RequestsInstrumentor
records = []
app = flask.Flask("x")
app.config["TRACING_INSTRUMENTORS"] = ["logging"]
extension = tracing.Tracing()
extension.init_app(app, attributes={"service.name": "shop"})
handler = logging.Handler()
handler.emit = records.append
logging.getLogger().addHandler(handler)
with extension.tracer_provider.get_tracer("x").start_as_current_span("a") as span:
    logging.warning("here")
assert records[-1].otelServiceName == "shop"
assert records[-1].otelTraceID == f"{span.get_span_context().trace_id:032x}"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_apps_keep_their_providers_apart():
    """Each app has an extension; a second one in the process does not take the first's away."""
    first, second = flask.Flask("first"), flask.Flask("second")
    for app in (first, second):
        app.config["TRACING_INSTRUMENTORS"] = ["flask"]
        tracing.Tracing().init_app(
            app, attributes={"app": app.name}, set_global_tracer_provider=False
        )
    names = [
        app.extensions["tracing"].tracer_provider.resource.attributes["app"]
        for app in (first, second)
    ]
    assert names == ["first", "second"]
