"""The two examples of the package's documentation, word for word, in real processes."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys

import requests

HEALTH = """
from impact_stack.observability import health as health_
health = health_.Health()
health.register_check("true", health_.checks.check_true, add_to_defaults=False)
@health.register_check("foo", add_to_defaults=False)
def check_foo(): ...
"""

HEALTH_APP = """
import flask
import health
app = flask.Flask(__name__)
app.config["HEALTH_URL_SECRET"] = None
health.health.init_app(app)
"""

TRACING_APP = """
import flask
app = flask.Flask(__name__)
@app.route("/hello")
def hello():
    return "hello"

from impact_stack.observability import tracing
app.config["TRACING_ENABLED"] = True
app.config["TRACING_INSTRUMENTORS"] = ["flask"]
tracing_ext = tracing.Tracing()
tracing_ext.init_app(app, attributes={"additional.attribute": "foo"})
"""


@contextlib.contextmanager
def flask_run(folder, environment):
    """Run `flask run` on a free port; give its URL; stop it as Ctrl+C does, and keep its output."""
    command = [sys.executable, "-m", "flask", "run", "--port", "0"]
    server = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in server.stderr:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        server.url = found[0]
        yield server
    finally:
        server.send_signal(signal.SIGINT)
        server.output, server.errors = server.communicate(timeout=60)


def test_the_health_example(tmp_path):
    """The app answers for its two checks; a check that returns nothing does not hold."""
    (tmp_path / "health.py").write_text(HEALTH)
    (tmp_path / "app.py").write_text(HEALTH_APP)
    with flask_run(tmp_path, {}) as server:
        ping = requests.get(f"{server.url}/health/ping", timeout=10)
        nothing = requests.get(f"{server.url}/health/", timeout=10)
        both = requests.get(f"{server.url}/health/?checks=true,foo", timeout=10)
    assert ping.text == "pong"
    assert nothing.json() == {
        "health": "running",
        "available_checks": ["true", "foo"],
        "checks": {},
    }
    assert both.status_code == 503
    assert both.json()["checks"] == {"true": True, "foo": False}
    assert "no-cache" in both.headers["Cache-Control"]


def test_the_tracing_example(tmp_path):
    """The console exporter prints the request's span when the server is stopped, at the latest."""
    (tmp_path / "app.py").write_text(TRACING_APP)
    environment = {
        "OTEL_SERVICE_NAME": "myapp",
        "OTEL_TRACES_EXPORTER": "console",
        "OTEL_RESOURCE_ATTRIBUTES": "foo.bar=baz",
    }
    with flask_run(tmp_path, environment) as server:
        assert requests.get(f"{server.url}/hello", timeout=10).text == "hello"
    output = server.output[server.output.index("{") :]
    span, _ = json.JSONDecoder().raw_decode(output)
    assert span["name"] == "GET /hello"
    assert span["kind"] == "SpanKind.SERVER"
    attributes = span["resource"]["attributes"]
    assert attributes["service.name"] == "myapp"
    assert attributes["foo.bar"] == "baz"
    assert attributes["additional.attribute"] == "foo"
    assert attributes["telemetry.sdk.language"] == "python"
