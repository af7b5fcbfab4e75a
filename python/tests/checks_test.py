"""The provided checks, on a real database file and a real server."""

import contextlib
import functools
import http.server
import importlib
import socket
import sqlite3
import sys
import threading
import time

import flask
import pytest
import sqlalchemy
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


def test_api_liveliness_logs_another_status(server, caplog):
    """And which; the query and the credentials, where secrets stand, are left out."""
    assert checks.base_check_api_liveliness("GET", server.url) is True
    assert not caplog.text
    url = server.url.replace("://", "://user:p@ss@")
    assert checks.base_check_api_liveliness("GET", url + "/down?key=secret#@secret") is False
    assert caplog.messages == [f"{server.url}/down answers 503"]


def test_api_liveliness_of_the_dead_and_the_silent():
    """No exception leaves; the timeout is kept."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert checks.base_check_api_liveliness("GET", url) is False
        silent.listen()
        assert checks.base_check_api_liveliness("GET", url, timeout=0.05) is False
    assert checks.base_check_api_liveliness("GET", "no url") is False


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
ENDLESS = HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 999999999\r\n\r\n"
PIECE = b"4000\r\n" + b"\0" * 0x4000 + b"\r\n"


class Talker:
    """A server that sends the pieces of an answer, the last again and again, while one listens."""

    def __init__(self, *pieces, pause=0.0):
        self.pieces, self.pause = pieces, pause
        self.sent = 0
        self.is_over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def __enter__(self):
        self.threads = [threading.Thread(target=self.serve)]
        self.threads[0].start()
        return self

    def __exit__(self, *error):
        self.is_over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def serve(self):
        """Talk to each client on a thread of its own."""
        with contextlib.suppress(OSError):  # closed
            while True:
                thread = threading.Thread(target=self.talk, args=(self.listener.accept()[0],))
                self.threads.append(thread)
                thread.start()

    def talk(self, client):
        """Say the pieces."""
        with client, contextlib.suppress(OSError):  # it has gone
            client.recv(65536)
            for piece in self.pieces:
                client.sendall(piece)
            while not self.is_over.wait(self.pause):
                client.sendall(self.pieces[-1])
                self.sent += len(self.pieces[-1])


@pytest.mark.parametrize("pieces", [[HEAD, b"X-A: b\r\n"], [b"H"], [HEAD + b"X-A: ", b"b"]])
def test_api_liveliness_of_one_that_drips(pieces):
    """The time limit is that of the whole, not of each read (64)."""
    with Talker(*pieces, pause=0.02) as server:
        began = time.monotonic()
        assert checks.base_check_api_liveliness("GET", server.url, timeout=0.3) is False
        assert 0.25 < time.monotonic() - began < 2.5


def test_api_liveliness_reads_the_status_and_no_body():
    """Neither one without an end nor what a few bytes of gzip would become (64)."""
    with Talker(ENDLESS, PIECE) as server:
        assert checks.base_check_api_liveliness("GET", server.url, timeout=20.0) is True
    assert server.sent < 16 * 1024 * 1024  # what the kernel takes for a client that does not read


def test_api_liveliness_reads_no_body_of_a_redirect():
    """Requests would read all of it before it goes on (64)."""
    with Talker(REDIRECT, PIECE) as server:
        assert checks.base_check_api_liveliness("GET", server.url, timeout=20.0) is False
    assert server.sent < 31 * 16 * 1024 * 1024  # it was redirected as often as it lets itself be


def test_api_liveliness_as_a_partial(app, server):
    """The way the documentation registers it."""
    health = Health(app)
    health.register_check(
        "api", functools.partial(checks.base_check_api_liveliness, "GET", server.url, 200, 2.0)
    )
    assert app.test_client().get("/health/").json["checks"] == {"api": True}


def test_db_without_flask_sqlalchemy(app, caplog):
    """There is no database that could be alive, which is said."""
    with app.app_context():
        assert checks.check_db() is False
    assert "no Flask-SQLAlchemy" in caplog.text


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


def database_app(tmp_path, **options):
    """Return an app with a database file and options of its engine."""
    app = flask.Flask("x")
    app.config["HEALTH_URL_SECRET"] = None
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/shop.db"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db = SQLAlchemy(app)
    Health(app).register_check("db", checks.check_db)
    return app, db


def test_db_holds_while_the_pool_is_lent_out(tmp_path):
    """The app is busy; the database is not dead (63)."""
    app, db = database_app(tmp_path, poolclass=sqlalchemy.QueuePool, pool_size=1, max_overflow=0)
    with app.app_context(), db.engine.connect():
        assert app.test_client().get("/health/").json["checks"] == {"db": True}


def test_db_recovers_by_the_next_probe_from_a_connection_that_hangs(tmp_path):
    """One server process that is frozen is neither waited for nor in the way (63)."""
    hangs, thaw = [True], threading.Event()

    def connect():
        if hangs.pop() if hangs else False:
            thaw.wait(60)
        return sqlite3.connect(tmp_path / "shop.db")

    app, _ = database_app(tmp_path, creator=connect)
    app.config["HEALTH_BUDGET_MS"] = 1000
    answers = [app.test_client().get("/health/").json["checks"]["db"] for _ in range(2)]
    thaw.set()
    assert answers == [False, True]


def test_db_hangs_in_so_many_connections_only(tmp_path, caplog):
    """What never answers does not take a thread a probe for ever (63)."""
    asked, thaw = [], threading.Event()

    def connect():
        asked.append(True)
        thaw.wait(60)
        return sqlite3.connect(tmp_path / "shop.db")

    app, _ = database_app(tmp_path, creator=connect)
    app.config["HEALTH_BUDGET_MS"] = 20
    with app.app_context():
        assert not any(checks.check_db() for _ in range(12))
        thaw.set()
        assert 1 <= len(asked) <= 4
        assert "earlier attempts have not ended" in caplog.text
        while not checks.check_db():  # and they give their places back
            pass


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
    assert "GET" in set(exported_spans(provider))  # it is instrumented


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
