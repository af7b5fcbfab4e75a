"""The checks of the core, offered to Flask by name."""

import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time

import flask
import processes
import pytest

from impact_stack.observability.health import Health, checks
from impact_stack.observability.health.provided import Provided
from impact_stack.observability.tracing.provider import TracerProvider


def app_with(**registered):
    """Return an app with these checks, and its Health."""
    app = flask.Flask("test")
    app.config["HEALTH_URL_SECRET"] = None
    health = Health(app)
    for name, check in registered.items():
        health.register_check(name, check)
    return app, health


def ask(app):
    """Return the results of the default checks."""
    return json.loads(app.test_client().get("/health/").data)["checks"]


def address_of(listener):
    """Return what a check is given of it."""
    return "{}:{}".format(*listener.getsockname())


@pytest.fixture(name="listener")
def fixture_listener():
    """Return a socket that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def free_address():
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return address_of(listener)


def test_a_provided_check_is_registered_as_any_other():
    """It holds or fails, beside one in Python."""
    app, _ = app_with(
        roomy=checks.provided("disk", path="/tmp", fail_percent=100.1),
        full=checks.provided("disk", path="/tmp", fail_percent=0.0001),
        python=checks.check_true,
    )
    assert ask(app) == {"roomy": True, "full": False, "python": True}


def test_each_kind_can_be_made(tmp_path):
    """Each with options of all types that it has."""
    made = [
        checks.provided("dns", host="a.test", server="127.0.0.1:1", least_addresses=2),
        checks.provided("file_age", path=str(tmp_path), warn_seconds=1, fail_seconds=2.5),
        checks.provided("load", fail_per_processor=1e9, minutes=15),
        checks.provided("memory", warn_percent=90, fail_percent=99.9),
        checks.provided("ntp", server="127.0.0.1:1", warn_ms=1),
        checks.provided("process", command="python", least=1),
        checks.provided("process", pid_file="/nonexistent"),
        checks.provided("program", argv=["true"]),
        checks.provided("rabbitmq", address="a", user="u", password="p", virtual_host="/"),
        checks.provided("redis", address="a", user="u", password="p"),
        checks.provided("tcp", address="a:1", send="hello", expect=None),
        checks.provided("disk", path="/", warn_percent=1, allows_remote=True),
        checks.provided("http", url="https://a.test/", method="HEAD", status=204, ca_file="/a"),
        checks.provided("tls", address="a.test", warn_days=14, ca_file="/a"),
        checks.provided("tls", address="a.test:8443", fail_days=3.5, accepts_untrusted=True),
        checks.provided("mariadb", address="a", user="u", password="p", database="d"),
        checks.provided("postgresql", conninfo="host=a", may_be_live=True),
        checks.provided("sqlite", path="/a"),
        checks.provided("telemetry", warn_percent=1, fail_percent=50),
    ]
    assert all(isinstance(check, Provided) for check in made)


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("none", {}, ValueError),
        ("redis", {}, ValueError),
        ("redis", {"address": "a\0b"}, ValueError),
        ("redis", {"address": 6379}, TypeError),
        ("redis", {"host": "a"}, TypeError),
        ("disk", {"path": "/"}, ValueError),
        ("disk", {"path": "/", "warn_percent": "90"}, TypeError),
        ("load", {"warn_per_processor": 1, "minutes": -5}, OverflowError),
        ("load", {"warn_per_processor": 1, "minutes": 2}, ValueError),
        ("program", {"argv": "true"}, ValueError),
        ("program", {"argv": []}, ValueError),
        ("program", {"argv": ["x"] * 257}, ValueError),
        ("tcp", {"address": "a:1", "timeout": 0}, ValueError),
        ("http", {"url": "ftp://a/"}, ValueError),
        ("http", {"url": "http://a/", "status": -1}, OverflowError),
        ("http", {"url": "http://a/", "status": "200"}, TypeError),
        ("tls", {"address": "a"}, ValueError),
        ("mariadb", {}, ValueError),
        ("sqlite", {"path": ""}, ValueError),
        ("telemetry", {}, ValueError),
        ("telemetry", {"warn_percent": 1, "provider": None}, TypeError),
        ("tcp", {"address": "a:1", "timeout": "1s"}, ValueError),
    ],
)
def test_what_is_wrong_with_one_is_known_where_it_is_made(kind, options, error):
    """Not when it is asked for."""
    with pytest.raises(error):
        checks.provided(kind, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"adress": "a"}, "adress: "), ({}, "is missing"), ({"address": ""}, "is wrong")],
)
def test_what_there_is_is_said_where_one_is_wrong(options, said):
    """A newcomer has no other page at hand."""
    with pytest.raises((TypeError, ValueError), match=said) as error:
        checks.provided("redis", **options)
    there_is = "the options of the check 'redis' are address, user, password, uses_tls, ca_file"
    assert there_is in str(error.value)


def test_called_it_runs_once(listener):
    """So it can be a part of a check in Python."""
    assert checks.provided("tcp", address=address_of(listener))() is True
    assert checks.provided("tcp", address=free_address())() is False


def test_a_provided_check_that_is_replaced_is_another(listener):
    """By another provided one, by one in Python, and back."""
    app, health = app_with(it=checks.provided("tcp", address=address_of(listener)))
    assert ask(app) == {"it": True}
    health.checks["it"] = checks.provided("tcp", address=free_address())
    assert ask(app) == {"it": False}
    health.checks["it"] = checks.check_true
    assert ask(app) == {"it": True}
    health.checks["it"] = checks.provided("tcp", address=free_address())
    assert ask(app) == {"it": False}
    health.default_checks.clear()
    assert ask(app) == {}


def test_its_timeout_is_its_own(listener):
    """Also after the budget has changed."""
    silent = checks.provided("tcp", address=address_of(listener), expect="220", timeout=0.1)
    app, _ = app_with(it=silent)
    app.config["HEALTH_BUDGET_MS"] = 30_000
    for budget_ms in (30_000, 20_000):
        app.config["HEALTH_BUDGET_MS"] = budget_ms
        start = time.monotonic()
        assert ask(app) == {"it": False}
        assert time.monotonic() - start < 10


def test_a_password_is_not_shown():
    """Neither in its representation nor in what is said of a wrong one."""
    check = checks.provided("redis", address="a", password="secret")
    assert "secret" not in repr(check)
    with pytest.raises(ValueError) as error:
        checks.provided("redis", address="", password="secret")
    assert "secret" not in str(error.value)


STUCK = """
import ctypes, logging, sys
import flask
from impact_stack.observability.health import Health, checks

logging.basicConfig(level=logging.INFO)
app = flask.Flask("stuck")
app.config.update(HEALTH_URL_SECRET=None, HEALTH_LISTEN="127.0.0.1:0")
health = Health()
health.register_check("it", checks.provided("tcp", address=sys.argv[1], timeout=20))
health.init_app(app)
keeps_the_gil = ctypes.PyDLL(None)
for line in sys.stdin:
    print("holds", flush=True)
    keeps_the_gil.read(0, ctypes.create_string_buffer(8), 1)
"""


def probe(port, name):
    """Return the result of a check, by the port of the core's own."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        request = f"GET /health/?checks={name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return json.loads(answer.partition(b"\r\n\r\n")[2])["checks"][name]


def test_it_runs_while_the_interpreter_is_stuck(listener):
    """Asked by the port of the core's own, where a check in Python cannot run."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", STUCK, address_of(listener)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    )  # fmt: skip
    found = next(match for line in process.stderr if (match := re.search(rb"on port (\d+)", line)))
    port = int(found[1])
    assert probe(port, "it") is True
    process.stdin.write(b"hold it\n")
    assert process.stdout.readline() == b"holds\n"
    listener.close()
    while probe(port, "it"):
        pass
    process.kill()
    process.communicate()


needs_redis = pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server")


def takes_connections(path):
    """Return whether somebody listens: the file is there a moment before that."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def listens(port):
    """Return whether somebody takes connections there."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@needs_redis
def test_a_real_redis_holds_and_fails_when_it_is_gone(tmp_path):
    """Over its Unix socket."""
    path = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", ""]
    app, _ = app_with(queue=checks.provided("redis", address=str(path), timeout=20))
    app.config["HEALTH_BUDGET_MS"] = 30_000
    with processes.serving(command, tmp_path, None) as server:
        server.wait_for(lambda: takes_connections(path), "listening")
        assert ask(app) == {"queue": True}
    assert ask(app) == {"queue": False}


# ---- those that need a library ----


class Teapot(http.server.BaseHTTPRequestHandler):
    """Answers a GET, and does not say so."""

    def do_GET(self):
        """Answer."""
        self.send_response(418)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Be silent."""


@pytest.fixture(name="certificate")
def fixture_certificate(tmp_path):
    """Return the file of a certificate for 127.0.0.1 that ends in ten days, with its key."""
    path = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", path, "-out", tmp_path / "alone.pem", "-days", "10",
         "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    with path.open("ab") as file:
        file.write((tmp_path / "alone.pem").read_bytes())
    return str(path)


@pytest.fixture(name="teapot")
def fixture_teapot(certificate):
    """Return a server on a free port that speaks TLS."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Teapot)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # who only shakes hands leaves without a word
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_api_is_asked_by_the_core(monkeypatch, teapot, certificate):
    """It holds by the status that is expected, and of a server that is trusted only."""
    monkeypatch.setenv("no_proxy", "*")
    url = f"https://127.0.0.1:{teapot.server_port}/"
    app, _ = app_with(
        brews=checks.provided("http", url=url, status=418, ca_file=certificate, timeout=20),
        coffee=checks.provided("http", url=url, ca_file=certificate, timeout=20),
        stranger=checks.provided("http", url=url, status=418, timeout=20),
    )
    app.config["HEALTH_BUDGET_MS"] = 30_000
    assert ask(app) == {"brews": True, "coffee": False, "stranger": False}


def test_the_days_of_a_certificate_are_counted_by_the_core(teapot, certificate):
    """Ten are left."""
    address = f"127.0.0.1:{teapot.server_port}"
    app, _ = app_with(
        nine=checks.provided("tls", address=address, fail_days=9, ca_file=certificate, timeout=20),
        many=checks.provided("tls", address=address, fail_days=11, ca_file=certificate, timeout=20),
    )
    app.config["HEALTH_BUDGET_MS"] = 30_000
    assert ask(app) == {"nine": True, "many": False}


def test_a_database_file_is_read_by_the_core(tmp_path):
    """And one that is not there is not made."""
    with sqlite3.connect(tmp_path / "there") as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    app, _ = app_with(
        there=checks.provided("sqlite", path=str(tmp_path / "there")),
        gone=checks.provided("sqlite", path=str(tmp_path / "gone")),
    )
    assert ask(app) == {"there": True, "gone": False}
    assert not (tmp_path / "gone").exists()


def test_a_database_server_that_is_not_there_fails():
    """MariaDB; a real one is asked in the tests of the core, PostgreSQL's in checks_postgresql."""
    app, _ = app_with(
        mariadb=checks.provided("mariadb", address=free_address(), user="u", password="p"),
        postgresql=checks.provided("postgresql", conninfo="host=/nonexistent"),
    )
    assert ask(app) == {"mariadb": False, "postgresql": False}


def test_telemetry_holds_while_spans_arrive_and_fails_when_they_are_lost():
    """Those of every provider of the process, whichever the app has."""
    app, _ = app_with(spans=checks.provided("telemetry", fail_percent=1))
    assert ask(app) == {"spans": True}
    arriving = TracerProvider(exporters=("discard",))
    arriving.get_tracer("t").start_span("arrives").end()
    assert arriving.force_flush()
    assert ask(app) == {"spans": True}
    losing = TracerProvider(exporters=("absent",))
    losing.get_tracer("t").start_span("is lost").end()
    assert not losing.force_flush()
    assert ask(app) == {"spans": False}
    assert ask(app) == {"spans": False}  # for a minute, whoever asks
    losing.shutdown()
    arriving.shutdown()


MAKE_ONE = """
import logging
logging.basicConfig(level=logging.ERROR)
from impact_stack.observability.health import checks
checks.provided("tcp", address="a:1")
try:
    checks.provided("mariadb", address="a")
except ImportError as error:
    print(error)
"""


def made_without(plugin_path, package_path=None):
    """Return what a process prints and logs that finds its plugins there first."""
    done = subprocess.run(
        [sys.executable, "-c", MAKE_ONE],
        env={
            **os.environ,
            "IMPACT_PLUGIN_PATH": str(plugin_path),
            **({"PYTHONPATH": str(package_path)} if package_path else {}),
        },
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.strip(), done.stderr


def test_a_library_that_cannot_be_loaded_is_named(tmp_path):
    """By the error, and by the log with the reason; other checks can be made all the same."""
    (tmp_path / "libimpact-mariadb.so.0").write_bytes(b"this is no library")
    error, log = made_without(tmp_path)
    assert error == "the check 'mariadb' cannot be loaded: it needs libmariadb"
    assert "libimpact-mariadb.so.0" in log


def test_a_check_that_is_not_in_the_package_is_named(tmp_path):
    """A package that was built without it."""
    here = pathlib.Path(checks.__file__).parents[1]
    there = tmp_path / "impact_stack/observability"
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("libimpact-mariadb*"))
    error, _ = made_without(tmp_path, tmp_path)
    assert error == "the check 'mariadb' is not in this package: it was built without libmariadb"


@needs_redis
def test_a_redis_that_speaks_tls_only_is_asked_by_the_core(tmp_path, certificate):
    """Who is not trusted, and who speaks no TLS, fails; its own client may be asked as well."""
    port = free_address().partition(":")[2]
    command = ["redis-server", "--port", "0", "--tls-port", port, "--tls-cert-file", certificate,
               "--tls-key-file", certificate, "--tls-ca-cert-file", certificate,
               "--tls-auth-clients", "no", "--bind", "127.0.0.1", "--save", ""]  # fmt: skip
    ping = f"redis-cli -e -h 127.0.0.1 -p {port} --tls %s ping || exit 2"
    trusting = ["sh", "-c", ping % f"--cacert {certificate}"]
    queue = {"address": f"127.0.0.1:{port}", "uses_tls": True, "timeout": 20}
    tls = {"address": f"127.0.0.1:{port}", "fail_days": 5, "timeout": 20}
    app, _ = app_with(
        queue=checks.provided("redis", ca_file=certificate, **queue),
        stranger=checks.provided("redis", **queue),
        client=checks.provided("program", argv=trusting, timeout=20),
        plain=checks.provided("redis", address=f"127.0.0.1:{port}", timeout=20),
        days=checks.provided("tls", ca_file=certificate, **tls),
    )
    app.config["HEALTH_BUDGET_MS"] = 30_000
    with processes.serving(command, tmp_path, None) as server:
        server.wait_for(lambda: listens(int(port)), "listening")
        held = {"queue": True, "stranger": False, "client": True, "plain": False, "days": True}
        assert ask(app) == held
    assert ask(app) == dict.fromkeys(held, False)
