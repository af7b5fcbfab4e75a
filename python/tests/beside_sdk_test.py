"""Beside what else OpenTelemetry has: the SDK's metrics and logs, several databases, comments."""

import logging
import sqlite3

import flask
import pytest
import sqlalchemy
from flask_sqlalchemy import SQLAlchemy
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from conftest import exported_spans
from impact_stack.observability.tracing import autoinstrument_app


def test_metrics_and_logs_of_the_sdk_go_on_beside_our_spans(app, provider):
    """The instrumentor's histograms go to the SDK's meter, log records know our span."""
    reader, exporter = InMemoryMetricReader(), InMemoryLogRecordExporter()
    meters, logs = MeterProvider([reader]), LoggerProvider()
    logs.add_log_record_processor(SimpleLogRecordProcessor(exporter))

    @app.get("/hello")
    def hello():
        logs.get_logger("app").emit(body="hello", severity_text="INFO")
        return "hello"

    FlaskInstrumentor().instrument_app(app, tracer_provider=provider, meter_provider=meters)
    assert app.test_client().get("/hello").text == "hello"
    FlaskInstrumentor().uninstrument_app(app)
    (span,) = exported_spans(provider).values()
    (record,) = [data.log_record for data in exporter.get_finished_logs()]
    assert record.trace_id == int.from_bytes(span.trace_id, "big")
    assert record.span_id == int.from_bytes(span.span_id, "big")
    scopes = reader.get_metrics_data().resource_metrics[0].scope_metrics
    assert "duration" in " ".join(metric.name for scope in scopes for metric in scope.metrics)
    meters.shutdown()
    logs.shutdown()


@pytest.fixture(name="logging_on")
def fixture_logging_on(app, provider):
    """Instrument logging for one test, as the extension does."""
    LoggingInstrumentor().uninstrument()
    assert "logging" in autoinstrument_app(app, ["logging"], provider)
    yield
    LoggingInstrumentor().uninstrument()


def test_log_records_have_the_ids_of_the_span(provider, logging_on, caplog):
    """Unasked, as older releases of the instrumentor had them."""
    del logging_on
    with caplog.at_level(logging.INFO), provider.get_tracer("x").start_as_current_span("x") as span:
        logging.getLogger("app").info("hello")
    (record,) = [record for record in caplog.records if record.getMessage() == "hello"]
    assert record.otelTraceID == f"{span.get_span_context().trace_id:032x}"
    assert record.otelSpanID == f"{span.get_span_context().span_id:016x}"


@pytest.fixture(name="databases")
def fixture_databases(app, provider, tmp_path):
    """Return Flask-SQLAlchemy with two binds, instrumented, and the statements that arrived."""
    statements = []

    def connect():
        connection = sqlite3.connect(tmp_path / "main.db")
        connection.set_trace_callback(statements.append)
        return connection

    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/main.db"
    app.config["SQLALCHEMY_BINDS"] = {"other": f"sqlite:///{tmp_path}/other.db"}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"creator": connect}
    app.config["TRACING_SQLALCHEMY_COMMENTER"] = True
    db = SQLAlchemy(app)
    SQLAlchemyInstrumentor().uninstrument()
    assert "sqlalchemy" in autoinstrument_app(app, ["sqlalchemy"], provider)
    with app.app_context():
        yield db, statements
    SQLAlchemyInstrumentor().uninstrument()


def test_every_bind_of_flask_sqlalchemy_is_traced(databases, provider):
    """Not only the first, and each statement says its trace where that is asked for."""
    db, statements = databases
    assert flask.current_app
    for name, engine in db.engines.items():
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"SELECT '{name}'"))
    spans = exported_spans(provider)
    texts = [
        attribute.value.string_value
        for span in spans.values()
        for attribute in span.attributes
        if attribute.key in ("db.name", "db.namespace")
    ]
    assert any("main.db" in text for text in texts) and any("other.db" in text for text in texts)
    ids = {span.trace_id.hex() for span in spans.values()}
    assert any(trace_id in text for trace_id in ids for text in statements)
