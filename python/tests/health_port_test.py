"""HEALTH_LISTEN: a port of the core's own, which answers while Python cannot."""

import json
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from impact_stack.observability.health import Health

STUCK = """
import ctypes, logging, sys
import flask
from impact_stack.observability.health import Health

logging.basicConfig(level=logging.INFO)
app = flask.Flask("stuck")
app.config.update(HEALTH_URL_SECRET=None, HEALTH_LISTEN="127.0.0.1:0")
health = Health(app)
keeps_the_gil = ctypes.PyDLL(None)
for line in sys.stdin:
    keeps_the_gil.read(0, ctypes.create_string_buffer(8), 1)
"""


def get(port, path):
    """Return the status and the body."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def get_until(port, is_wanted):
    """Ask again and again; return the report that was waited for."""
    while True:
        report = json.loads(get(port, "/health/")[1])
        if is_wanted(report):
            return report


@pytest.fixture(name="stuck")
def fixture_stuck():
    """Return a process that holds the GIL from a line on until a character, and its port."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", STUCK],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    )  # fmt: skip
    found = next(match for line in process.stderr if (match := re.search(rb"on port (\d+)", line)))
    yield process, int(found[1])
    process.kill()
    process.communicate()


def test_a_port_of_its_own_answers_while_the_interpreter_is_stuck(stuck):
    """And says for how long, then that it fails, and that it is well again (67b)."""
    process, port = stuck
    assert get_until(port, lambda report: "pending_checks" not in report)["health"] == "running"
    process.stdin.write(b"hold it\n")
    pending = get_until(port, lambda report: "pending_checks" in report)["pending_checks"]
    assert get(port, "/health/ping") == (200, "pong")
    assert list(pending) == ["interpreter"] and pending["interpreter"] >= 0
    failed = get_until(port, lambda report: report["health"] == "degraded")
    assert failed["checks"] == {"interpreter": False}
    process.stdin.write(b"x")
    get_until(port, lambda report: report["health"] == "running")


def port_of(caplog):
    """Return the port that was logged last."""
    return int(re.findall(r"on port (\d+)", caplog.text)[-1])


@pytest.fixture(name="listening")
def fixture_listening(app, caplog):
    """Return the health of an app that listens, and the port."""
    caplog.set_level("INFO")
    app.config["HEALTH_LISTEN"] = "127.0.0.1:0"
    health = Health(app)
    return health, port_of(caplog)


def test_the_port_shows_what_the_app_has(app, listening):
    """Checks and settings of this moment, within a second."""
    health, port = listening
    health.register_check("late", lambda: False)
    get_until(port, lambda report: report["checks"] == {"interpreter": True, "late": False})
    assert app.test_client().get("/health/").json["checks"] == {"interpreter": True, "late": False}
    app.config["HEALTH_URL_SECRET"] = "secret"
    while get(port, "/health/")[0] != 401:
        pass


def test_a_port_that_is_taken_is_tried_again(app, caplog):
    """Of several processes of an app one has it, and another when that one ends."""
    caplog.set_level("INFO")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        app.config["HEALTH_LISTEN"] = f"127.0.0.1:{port}"
        Health(app)
        assert "it is another's" in caplog.text
    while f"answers on port {port}" not in caplog.text:
        threading.Event().wait(0.02)
    assert get(port, "/health/ping") == (200, "pong")


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:99999", 8081, "a\0b:1"])
def test_an_address_that_is_none_is_refused_at_once(app, address):
    """And nothing is left behind."""
    app.config["HEALTH_LISTEN"] = address
    with pytest.raises((ValueError, TypeError)):
        Health(app)
    assert "health" not in app.extensions and "health" not in app.blueprints


@pytest.mark.parametrize("secret", [None, "s3cret", "schlüssel"])
def test_the_interpreter_is_looked_at_though_nobody_asks(app, secret):
    """So the time that it has been stuck for is that since its last second."""
    looks = threading.Semaphore(0)
    health = Health()
    health.register_check("interpreter", lambda: looks.release() or True)
    app.config.update(HEALTH_LISTEN="127.0.0.1:0", HEALTH_URL_SECRET=secret)
    health.init_app(app)
    assert all(looks.acquire(timeout=30) for _ in range(2))


def test_a_unix_socket_is_listened_at_once_and_not_again(app, tmp_path, caplog):
    """The port is 0 then, which is no sign that nobody listens."""
    caplog.set_level("INFO")
    app.config["HEALTH_LISTEN"] = f"unix:{tmp_path}/health.sock"
    health = Health(app)
    endpoint = app.view_functions["health.answer"].__self__
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(f"{tmp_path}/health.sock")
        client.sendall(b"GET /health/ping HTTP/1.0\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
    assert "interpreter" in health.checks
    endpoint._port.beat()
    assert "another's" not in caplog.text
