"""The middleware: health for any WSGI app, without Flask."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import wsgiref.simple_server
import wsgiref.validate

import pytest

from impact_stack.observability.health.wsgi import HealthMiddleware, checks

TIMEOUT_S = 30


class App:
    """An application as frameworks have them: an object that is called."""

    def __init__(self):
        self.paths = []

    def __call__(self, environ, start_response):
        self.paths.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the app"]


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *args):
        """Log nothing."""


class Service:
    """A middleware behind a server, with the validator on both of its sides."""

    def __init__(self, config=None, **options):
        self.app = App()
        self.config = {"HEALTH_URL_SECRET": None, **(config or {})}
        self.health = HealthMiddleware(wsgiref.validate.validator(self.app), self.config, **options)
        self._server = wsgiref.simple_server.make_server(
            "127.0.0.1", 0, wsgiref.validate.validator(self.health), handler_class=Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        """End the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def ask(self, path, method="GET", **headers):
        """Return status, headers and body."""
        port = self._server.server_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()


@pytest.fixture(name="serve")
def fixture_serve():
    """Return what makes services, which end with the test."""
    services = []

    def serve(*args, **options):
        services.append(Service(*args, **options))
        return services[-1]

    yield serve
    for service in services:
        service.close()


def test_health_paths_are_answered_and_all_others_are_the_apps(serve):
    service = serve()
    service.health.register_check("a", checks.check_true)
    assert service.ask("/health/ping")[::2] == (200, "pong")
    for path in ("/health", "/health/", "/health/a"):
        status, headers, body = service.ask(path)
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert headers["Content-Length"] == str(len(body))
        assert json.loads(body)["checks"] == {"a": True}
    assert service.app.paths == []
    for path in ("/", "/healthy", "/livez", "/x/health/"):
        assert service.ask(path)[::2] == (200, "the app")
    assert service.app.paths == ["/", "/healthy", "/livez", "/x/health/"]


def test_a_check_that_fails_or_raises_or_promises_degrades_the_answer(serve):
    service = serve()

    async def promise():
        return True

    @service.health.register_check("raises")
    def _raises():
        raise RuntimeError("no")

    service.health.register_check("fails", checks.check_false)
    service.health.register_check("coroutine", promise)
    status, _, body = service.ask("/health/")
    assert status == 503
    assert json.loads(body)["checks"] == {"raises": False, "fails": False, "coroutine": True}


def test_checks_of_the_core_stand_beside_those_in_python(serve):
    service = serve()
    service.health.register_check("root", checks.provided("disk", path="/", fail_percent=100))
    service.health.register_check("a", checks.check_true, groups=["_ready"])
    _, _, body = service.ask("/health/?checks=a,root")
    assert json.loads(body)["checks"] == {"a": True, "root": True}
    service.health.register_check("later", checks.check_true, add_to_defaults=False)
    assert json.loads(service.ask("/health/later")[2])["checks"] == {"later": True}


@pytest.mark.parametrize(
    ("name", "content_type", "words"),
    [
        ("json", "application/json", '"health":"running"'),
        ("health-json", "application/health+json", '"status":"pass"'),
        ("text", "text/plain; charset=utf-8", "ok\n"),
        ("openmetrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", "# EOF\n"),
        ("html", "text/html; charset=utf-8", "</html>"),
    ],
)
def test_every_format_is_there_by_name_and_by_header(serve, name, content_type, words):
    service = serve()
    service.health.register_check("a", checks.check_true)
    status, headers, body = service.ask(f"/health/?format={name}")
    assert (status, headers["Content-Type"]) == (200, content_type)
    assert words in body
    assert service.ask("/health/", Accept=content_type.partition(";")[0])[1]["Content-Type"] == (
        content_type
    )


def test_both_secrets_let_in_wherever_they_stand_and_may_be_changed(serve):
    service = serve({"HEALTH_URL_SECRET": "s3", "HEALTH_URL_SECOND_SECRET": "t4"})
    assert service.ask("/health/")[0] == 401
    assert service.ask("/health/?auth=wrong")[0] == 401
    assert service.ask("/health/?auth=s3")[0] == 200
    assert service.ask("/health/", Authorization="Bearer t4")[0] == 200
    assert service.ask("/health/", **{"X-Health-Secret": "s3"})[0] == 200
    service.config["HEALTH_URL_SECRET"] = "u5"
    assert service.ask("/health/?auth=s3")[0] == 401
    assert service.ask("/health/?auth=u5")[0] == 200
    with pytest.raises(RuntimeError):
        HealthMiddleware(service.app, {})


def test_head_options_and_other_methods(serve):
    service = serve()
    service.health.register_check("a", checks.check_false)
    status, headers, body = service.ask("/health/", "HEAD")
    assert (status, body, headers["Content-Length"]) == (503, "", None)
    status, headers, _ = service.ask("/health/", "OPTIONS")
    assert (status, headers["Allow"]) == (503, "GET, HEAD, OPTIONS")
    status, headers, _ = service.ask("/health/", "DELETE")
    assert (status, headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert headers["Cache-Control"] == "no-cache, no-store"


def test_the_probes_and_their_checks_have_paths_where_they_are_wanted(serve):
    service = serve({"HEALTH_PROBES": True}, url_prefix="/internal/health/")
    service.health.register_check("loop", checks.check_true, groups=["_live"])
    service.health.register_check("db", checks.check_false, groups=["_ready"])
    assert service.ask("/livez")[::2] == (200, "ok\n")
    assert service.ask("/livez/loop")[::2] == (200, "ok\n")
    assert service.ask("/readyz/db")[0] == 503
    assert service.ask("/livez/db")[0] == 404
    assert service.ask("/internal/health/db")[0] == 503
    assert service.ask("/health/")[2] == "the app"


def test_what_is_missing_fails(serve):
    service = serve({"HEALTH_PROBES": True})
    service.health.register_check("a", checks.check_true)
    service.health.default_checks.append("gone")
    status, _, body = service.ask("/health/")
    assert (status, json.loads(body)["checks"]) == (503, {"a": True, "gone": False})
    assert service.ask("/livez")[0] == 200
    assert service.ask("/livez/")[0] == 200


def test_bytes_that_are_no_text_harm_nobody(serve):
    service = serve()
    for path in ("/health/%ff", "/health/%00", "/health/?checks=%ff", "/health/?auth=%zz"):
        assert service.ask(path)[0] in (200, 400, 401, 404)


def test_a_unix_socket_is_a_port_of_its_own(serve, tmp_path):
    address = str(tmp_path / "health.sock")
    service = serve({"HEALTH_LISTEN": f"unix:{address}"})
    service.health.register_check("a", checks.check_true)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(TIMEOUT_S)
        client.connect(address)
        client.sendall(b"GET /health/ping HTTP/1.0\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_it_needs_no_flask():
    program = """
import sys
sys.modules["flask"] = None
from impact_stack.observability.health.wsgi import HealthMiddleware, checks

def app(environ, start_response):
    raise AssertionError

health = HealthMiddleware(app, {"HEALTH_URL_SECRET": None})
health.register_check("a", checks.check_true)
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/health/", "QUERY_STRING": ""}
print(*health(environ, lambda status, headers: print(status)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("200 OK\n") and '"a":true' in done.stdout.replace(" ", "")
