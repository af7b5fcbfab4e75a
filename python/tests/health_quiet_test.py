"""Probes that leave no traces and no lines in access logs, by option."""

import logging
import re

import flask
import processes
import pytest

from conftest import exported_spans
from impact_stack.observability.health import Health, ProbeFilter
from impact_stack.observability.tracing import autoinstrument_app
from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.provider import TracerProvider


def app_that(order, **config):
    """Return an app that is traced and has health, set up in this order, and its provider."""
    provider = TracerProvider(exporters=("memory",))
    app = flask.Flask("quiet")
    app.config.update(HEALTH_URL_SECRET=None, **config)
    app.route("/healthy")(lambda: "well")
    steps = {
        "traced": lambda: FlaskInstrumentor.instrument_app(app, tracer_provider=provider),
        "health": lambda: Health(app),
    }
    for step in order:
        steps[step]()
    return app, provider


@pytest.mark.parametrize("order", [("traced", "health"), ("health", "traced")])
@pytest.mark.parametrize("path", ["/health", "/health/", "/health/ping", "/health/nowhere"])
def test_probes_are_left_out_of_traces_where_that_is_said(order, path):
    """Whoever was set up first; what only begins alike is traced."""
    app, provider = app_that(order, HEALTH_TRACED=False)
    assert app.test_client().get(path).status_code in (200, 308, 404)
    assert exported_spans(provider) == {}
    app.test_client().get("/healthy")
    assert list(exported_spans(provider)) == ["GET /healthy"]


@pytest.mark.parametrize("order", ["traced first", "health first"])
@pytest.mark.parametrize("prefix", ["/health", "/odd.prefix"])
@pytest.mark.parametrize("excluded", [None, "/else", "/else,/more"])
def test_probes_are_left_out_of_contribs_traces_too(monkeypatch, order, prefix, excluded):
    """Where its prefix is known by then; what the environment leaves out stays out."""
    provider = TracerProvider(exporters=("memory",))
    app = flask.Flask("quiet")
    app.config.update(HEALTH_URL_SECRET=None, HEALTH_TRACED=False, HEALTH_PROBES=True)
    if excluded is not None:
        monkeypatch.setenv("OTEL_PYTHON_FLASK_EXCLUDED_URLS", excluded)
    for path in ("/healthy", "/else", "/it/health/"):
        app.add_url_rule(path, path, lambda: "well")
    if order == "health first":
        Health(app, prefix)
    autoinstrument_app(app, ["flask"], provider, contrib=["flask"])
    if order == "traced first":
        Health(app, prefix)
    for path in (prefix, f"{prefix}/", f"{prefix}/ping", f"{prefix}?checks=", "/livez"):
        assert app.test_client().get(path).status_code in (200, 503)
    is_known = order == "health first" or prefix == "/health"
    probes = set(exported_spans(provider))
    assert len(probes) == (0 if is_known else 3)
    for path in ("/healthy", "/else", "/it/health/"):
        app.test_client().get(path)
    names = set(exported_spans(provider)) - probes
    assert names == {"GET /healthy", "GET /it/health/"} | (set() if excluded else {"GET /else"})


def test_probes_are_traced_otherwise():
    """As any request is, and as they always were."""
    app, provider = app_that(("traced", "health"))
    app.test_client().get("/health/ping")
    assert len(exported_spans(provider)) == 1


APP = """
import flask
from impact_stack.observability.health import Health
app = flask.Flask("quiet")
app.config.update(HEALTH_URL_SECRET=None, HEALTH_ACCESS_LOG=False)
app.route("/healthy")(lambda: "well")
Health(app).register_check("bad", lambda: False, add_to_defaults=False)
"""

SERVERS = {
    "flask": (
        [processes.BIN / "flask", "--app", "quiet", "run", "--port", "0"],
        r"Running on (http://127\.0\.0\.1:\d+)",
    ),
    "gunicorn": (
        [processes.BIN / "gunicorn", "--bind", "127.0.0.1:0", "--access-logfile", "-", "quiet:app"],
        r"Listening at: (http://127\.0\.0\.1:\d+)",
    ),
}


@pytest.mark.parametrize("kind", SERVERS)
def test_probes_are_left_out_of_access_logs_where_that_is_said(tmp_path, kind):
    """Unless they fail; the app's requests are there."""
    (tmp_path / "quiet.py").write_text(APP)
    command, pattern = SERVERS[kind]
    env = processes.environment("", OTEL_TRACES_EXPORTER="none", PYTHONPATH=str(tmp_path))

    def log():
        return re.sub("\x1b\\[[0-9;]*m", "", server.log)  # werkzeug's colours

    with processes.serving(command, tmp_path, env) as server:
        address = server.wait_for(lambda: re.search(pattern, server.log), "listening")[1]
        for path in ("/health/ping", "/health/", "/health/?checks=bad", "/healthy"):
            processes.get(address + path)
        server.wait_for(lambda: '"GET /healthy HTTP/1.1" 200' in log(), "logged")
        assert '"GET /health/?checks=bad HTTP/1.1" 503' in log()
        assert log().count('"GET ') == 2


def record(*args):
    """Return a record of a log."""
    return logging.LogRecord("x", logging.INFO, "x", 1, "%s", args, None)


def test_a_filter_leaves_all_else_alone():
    """Also what is no request, or looks like none."""
    probes = ProbeFilter("/status/")
    assert not probes.filter(record("\x1b[32mGET /status/ping HTTP/1.1\x1b[0m", "200", "-"))
    assert not probes.filter(record({"U": "/status", "s": "204"}))
    for args in [
        ("GET /statuses HTTP/1.1", "200", "-"), ("GET /status/ HTTP/1.1", 503, "-"), (), ("x",),
        ("GET", "200", "-"), ({"U": "/status"},), (None, None, None), ({"U": None, "s": "200"},),
    ]:  # fmt: skip
        assert probes.filter(record(*args))
