"""The provided checks, on a real database file and a real server."""

import functools
import http.server
import importlib
import socket
import sys
import threading

import flask
import pytest
from flask_sqlalchemy import SQLAlchemy
from opentelemetry import context
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

from conftest import exported_spans
from impact_stack.observability.health import Health, checks, untraced


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers 200 to GET, 204 to HEAD, 503 below /down; remembers the headers."""

    def do_GET(self):
        """Answer a GET."""
        self.server.seen.append(dict(self.headers))
        self.send_response(503 if self.path.startswith("/down") else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self):
        """Answer a HEAD."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        """Be silent."""


@pytest.fixture(name="server")
def fixture_server():
    """Return a server on a free port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_true_and_false():
    """Hold always, and never."""
    assert checks.check_true() is True
    assert checks.check_false() is False


def test_api_liveliness_compares_the_status(server):
    """Exactly this status; keyword arguments go to requests."""
    check = checks.base_check_api_liveliness
    assert check("GET", server.url) is True
    assert check("HEAD", server.url, 204, 2.0) is True
    assert check("GET", server.url, 204) is False
    assert check("GET", server.url + "/down") is False
    assert check("GET", server.url + "/down", status_code=503) is True
    assert check("GET", server.url, headers={"X-Mine": "1"}) is True
    assert server.seen[-1]["X-Mine"] == "1"


def test_api_liveliness_of_the_dead_and_the_silent():
    """No exception leaves; the timeout is kept."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert checks.base_check_api_liveliness("GET", url) is False
        silent.listen()
        assert checks.base_check_api_liveliness("GET", url, timeout=0.05) is False
    assert checks.base_check_api_liveliness("GET", "no url") is False


def test_api_liveliness_as_a_partial(app, server):
    """The way the documentation registers it."""
    health = Health(app)
    health.register_check(
        "api", functools.partial(checks.base_check_api_liveliness, "GET", server.url, 200, 2.0)
    )
    assert app.test_client().get("/health/").json["checks"] == {"api": True}


def test_db_without_flask_sqlalchemy(app):
    """There is no database that could be alive."""
    with app.app_context():
        assert checks.check_db() is False


def test_db_on_a_file(tmp_path):
    """Through the health answer, so on a thread of the core."""
    app = flask.Flask("x")
    app.config["HEALTH_URL_SECRET"] = None
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/shop.db"
    SQLAlchemy(app)
    Health(app).register_check("db", checks.check_db)
    response = app.test_client().get("/health/")
    assert (response.status_code, response.json["checks"]) == (200, {"db": True})
    assert (tmp_path / "shop.db").exists()


def test_db_that_cannot_be_opened(tmp_path):
    """Any exception is a false."""
    app = flask.Flask("x")
    app.config["HEALTH_URL_SECRET"] = None
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/missing/shop.db"
    SQLAlchemy(app)
    Health(app).register_check("db", checks.check_db)
    response = app.test_client().get("/health/")
    assert (response.status_code, response.json["checks"]) == (503, {"db": False})


@pytest.fixture(name="instrumented")
def fixture_instrumented(provider):
    """Instrument requests and SQLAlchemy for one test."""
    instrumentors = [RequestsInstrumentor(), SQLAlchemyInstrumentor()]
    for instrumentor in instrumentors:
        instrumentor.uninstrument()
        instrumentor.instrument(tracer_provider=provider)
    yield
    for instrumentor in instrumentors:
        instrumentor.uninstrument()


def test_checks_make_no_spans(app, provider, server, tmp_path, instrumented):
    """A probe every few seconds would fill a trace store with itself."""
    del instrumented
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/shop.db"
    SQLAlchemy(app)
    health = Health(app)
    health.register_check(
        "api", functools.partial(checks.base_check_api_liveliness, "GET", server.url)
    )
    health.register_check("db", checks.check_db)
    assert app.test_client().get("/health/").json["checks"] == {"api": True, "db": True}
    assert exported_spans(provider) == {}
    with app.app_context():
        assert checks.base_check_api_liveliness("GET", server.url) and checks.check_db()
    names = set(exported_spans(provider))
    assert "GET" in names and any(name.startswith("SELECT") for name in names)


def test_checks_are_silent_without_opentelemetry_instrumentation(monkeypatch):
    """Others that honour the key hear it all the same."""
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.utils", None)
    try:
        alone = importlib.reload(untraced)
        with alone.suppress_instrumentation():
            assert context.get_value("suppress_instrumentation") is True
        assert context.get_value("suppress_instrumentation") is None
    finally:
        monkeypatch.undo()
        importlib.reload(untraced)
