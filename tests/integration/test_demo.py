"""The demo shows what it says, and fails when that is not there to be shown."""

import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

import programs

DEMO = programs.EXAMPLES / "demo"

needs_orders = pytest.mark.skipif(
    not (programs.BUILD / "examples/orders").exists(), reason="built without what orders needs"
)


HAS_QUEUE = shutil.which("redis-server") is not None


def load_demo():
    loader = importlib.machinery.SourceFileLoader("demo", str(DEMO))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo", loader))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


demo = load_demo()


def run_demo(build=programs.BUILD, **more):
    environment = programs.environment(IMPACT_BUILD=str(build), COLUMNS="80", **more)
    return subprocess.run(
        [sys.executable, DEMO], capture_output=True, text=True, env=environment, timeout=120
    )


# ---- the whole ----


@needs_orders
def test_demo_shows_health_and_one_trace_through_both():
    done = run_demo()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    traces = ["One trace through both", "One trace through the queue"]
    headlines = ["Health", "Requests", *traces[: 2 if HAS_QUEUE else 1], "Seen"]
    if (programs.BUILD / "cli/view/impact-view").exists():
        headlines.append("In a browser")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line in headlines] == headlines
    assert sum(line.startswith("trace ") for line in lines) == (2 if HAS_QUEUE else 1)
    assert ("redis-server is missing" in done.stdout) is not HAS_QUEUE
    assert max(map(len, lines)) <= 80


@needs_orders
def test_demo_says_that_redis_is_missing(tmp_path):
    """And shows the rest."""
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in pathlib.Path(folder).glob("*"):
            link = tmp_path / program.name
            if program.name != "redis-server" and not link.is_symlink():
                link.symlink_to(program)
    done = run_demo(PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "redis-server is missing" in done.stdout


@needs_orders
def test_demo_is_not_led_astray_by_what_is_set_for_others():
    done = run_demo(
        OTEL_SDK_DISABLED="true",
        OTEL_TRACES_SAMPLER="always_off",
        HEALTH_URL_SECRET="sesame",
        http_proxy="http://127.0.0.1:1",
        HTTP_PROXY="http://127.0.0.1:1",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_demo_fails_where_nothing_is_built(tmp_path):
    done = run_demo(build=tmp_path)
    assert done.returncode == 1
    assert "examples/orders" in done.stderr


def test_demo_shows_the_log_of_a_service_that_ends(tmp_path):
    program = tmp_path / "examples" / "orders"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho out of coffee\nexit 3\n")
    program.chmod(0o755)
    done = run_demo(build=tmp_path)
    assert done.returncode == 1
    assert "orders ended with status 3" in done.stderr
    assert "out of coffee" in done.stdout


def is_answered(url):
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


@needs_orders
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_demo_that_is_stopped_stops_what_it_started(number):
    environment = programs.environment(IMPACT_BUILD=str(programs.BUILD))
    with programs.running([sys.executable, DEMO], env=environment) as program:
        url = program.read_until(r"GET (http://127\.0\.0\.1:\d+)/health/  \(orders\)")[1]
        assert is_answered(url)
        program.process.send_signal(number)
        assert program.process.wait(programs.DEADLINE_SECONDS) != 0
        assert not is_answered(url)


# ---- what it compares ----


def seen_rows():
    """Spans that are as expected."""
    rows = []
    for number, (service, kind, name, parent) in enumerate(demo.EXPECTED_SPANS, 1):
        parent_id = b"" if parent is None else bytes([parent + 1] * 8)
        span = Span(trace_id=b"t" * 16, span_id=bytes([number] * 8), parent_span_id=parent_id)
        span.name, span.kind = name, kind
        rows.append(demo.Seen(service, span))
    return rows


ROWS = range(len(demo.EXPECTED_SPANS))


def test_rows_that_are_as_expected_are_found():
    seen = seen_rows()
    assert demo.find_rows(list(reversed(seen))) == [one.span for one in seen]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_is_missing_is_missed(row):
    seen = seen_rows()
    del seen[row]
    with pytest.raises(demo.NotSeen):
        demo.find_rows(seen)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    "field, value",
    [
        ("name", "another"),
        ("kind", Span.SPAN_KIND_CONSUMER),
        ("parent_span_id", b"12345678"),
    ],
)
def test_a_row_that_differs_is_missed(row, field, value):
    seen = seen_rows()
    setattr(seen[row].span, field, value)
    with pytest.raises(demo.NotSeen):
        demo.find_rows(seen)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_another_service_is_missed(row):
    seen = seen_rows()
    seen[row] = demo.Seen("another", seen[row].span)
    with pytest.raises(demo.NotSeen):
        demo.find_rows(seen)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_another_trace_is_missed(row):
    seen = seen_rows()
    seen[row].span.trace_id = b"u" * 16
    with pytest.raises(demo.NotSeen):
        demo.find_rows(seen)
