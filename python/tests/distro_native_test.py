"""`opentelemetry-instrument` applies our instrumentors, unless it is told otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import flask
import requests

app = flask.Flask("made")
app.add_url_rule("/", "index", lambda: "hello")
assert app.test_client().get("/").data == b"hello"
print(type(app.wsgi_app).__module__, requests.Session.send.__module__)
print(requests.Session.send.__code__.co_filename)
"""


@pytest.mark.parametrize("choice", ["native", "contrib"])
def test_opentelemetry_instrument_applies_ours(choice):
    """`TRACING_FLASK` and `TRACING_REQUESTS` choose."""
    told = subprocess.run(
        [Path(sys.executable).parent / "opentelemetry-instrument", sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            "OTEL_PYTHON_DISTRO": "impact_stack",
            "OTEL_PYTHON_CONFIGURATOR": "impact_stack",
            "OTEL_TRACES_EXPORTER": "console",
            "TRACING_FLASK": choice,
            "TRACING_REQUESTS": choice,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert '"name": "GET /"' in told
    is_ours = choice == "native"
    assert ("impact_stack.observability._core" in told) is is_ours
    assert ("observability/tracing/requests.py" in told) is is_ours
