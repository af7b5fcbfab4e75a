"""The checks of the core, offered to Flask by name."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time

import flask
import processes
import pytest

from impact_stack.observability.health import Health, checks
from impact_stack.observability.health.provided import Provided


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
    ],
)
def test_what_is_wrong_with_one_is_known_where_it_is_made(kind, options, error):
    """Not when it is asked for."""
    with pytest.raises(error):
        checks.provided(kind, **options)


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


@needs_redis
def test_a_real_redis_holds_and_fails_when_it_is_gone(tmp_path):
    """Over its Unix socket."""
    path = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", ""]
    app, _ = app_with(queue=checks.provided("redis", address=str(path), timeout=20))
    app.config["HEALTH_BUDGET_MS"] = 30_000
    with processes.serving(command, tmp_path, None) as server:
        server.wait_for(path.exists, "listening")
        assert ask(app) == {"queue": True}
    assert ask(app) == {"queue": False}
