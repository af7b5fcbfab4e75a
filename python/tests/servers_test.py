"""Real servers: every worker exports its spans when it ends, without a hook of the user's."""

import re
import signal

import processes
import pytest

APP = """
import os
import flask
from impact_stack.observability import tracing

app = flask.Flask("served")
app.config["TRACING_INSTRUMENTORS"] = ["flask"]
app.config["TRACING_FLUSH_ON_SIGTERM"] = bool(os.environ.get("ASK_FOR_SIGTERM"))

@app.get("/work")
def work():
    return str(os.getpid())

tracing.Tracing(app)
"""

UNTRACED_APP = """
import os
import flask

app = flask.Flask("served")
app.config["TRACING_INSTRUMENTORS"] = ["flask"]

@app.get("/work")
def work():
    return str(os.getpid())
"""

GUNICORN = [processes.BIN / "gunicorn", "--bind", "127.0.0.1:0", "--log-level", "info"]
GUNICORN_ADDRESS = r"Listening at: (http://127\.0\.0\.1:\d+)"
REQUESTS = 20
NAME = "GET /work"


def address(server, pattern):
    """Return where it listens, as it says itself."""
    return server.wait_for(lambda: re.search(pattern, server.log), "listening")[1]


def ask(server, url, count=REQUESTS):
    """Send requests; return the processes that have answered."""
    server.wait_for(lambda: processes.get(f"{url}/work"), "answering")
    return {int(processes.get(f"{url}/work")) for _ in range(count - 1)}


# A worker that is told to end before it minds signals does not, and is killed by its master half a
# minute later.
SAY_WHEN_READY = """
def post_worker_init(worker):
    worker.log.info("Ready for signals")
"""


def check_gunicorn(folder, arguments, app=APP, number=signal.SIGTERM, announced=0):
    """Serve 20 requests, end it once `announced` workers are ready, and return what it has
    exported."""
    (folder / "served.py").write_text(app)
    with processes.collector() as collector:
        command = [*GUNICORN, *arguments, "served:app"]
        with processes.serving(command, folder, collector.environment()) as server:
            pids = ask(server, address(server, GUNICORN_ADDRESS))
            server.wait_for(lambda: server.log.count("Ready for signals") >= announced, "ready")
            status, _ = server.stop(number)
        assert status == 0, server.log
        # gunicorn shows one of its own when a worker is told to quit amid its end.
        assert "/impact_stack/" not in server.log, server.log
        collector.exported.check(NAME, REQUESTS)
        assert pids <= collector.exported.pids_of(NAME)
        return collector.exported


def check_two_workers(folder, arguments, number=signal.SIGTERM):
    """Likewise, with two of them, both ready."""
    config = folder / "gunicorn.conf.py"
    config.write_text(SAY_WHEN_READY)
    arguments = ["-c", config, "--workers", "2", *arguments]
    check_gunicorn(folder, arguments, number=number, announced=2)


@pytest.mark.parametrize(("kind", "preload"), [("sync", []), ("gevent", ["--preload"])])
def test_gunicorns_workers_export_their_spans(tmp_path, kind, preload):
    """20 of 20, whether the app was loaded before the fork or after it."""
    check_two_workers(tmp_path, ["--worker-class", kind, "--threads", "2", *preload])


def test_gunicorns_workers_may_be_replaced_all_the_time(tmp_path):
    """--max-requests: each has ids and a name of its own."""
    spans = check_gunicorn(tmp_path, ["--workers", "1", "--max-requests", "5", "--preload"])
    assert len(spans.instances) >= 4


def test_the_module_for_gunicorn_traces_an_app_that_does_not(tmp_path):
    """As the original's: `-c python:impact_stack.observability.tracing.gunicorn`."""
    module = "python:impact_stack.observability.tracing.gunicorn"
    spans = check_gunicorn(tmp_path, ["-c", module, "--workers", "2"], UNTRACED_APP)
    assert {one["wsgi_server"] for one in spans.resources} == {"gunicorn"}


def test_a_collector_that_is_down_delays_no_stop(tmp_path):
    """By a second at most, of two workers with spans that wait."""
    (tmp_path / "served.py").write_text(APP)
    seconds = {}
    for exporter in ("none", "otlp"):
        env = processes.environment(processes.closed_port(), OTEL_TRACES_EXPORTER=exporter)
        command = [*GUNICORN, "--workers", "2", "served:app"]
        with processes.serving(command, tmp_path, env) as server:
            ask(server, address(server, GUNICORN_ADDRESS))
            status, seconds[exporter] = server.stop()
        assert status == 0, server.log
    assert seconds["otlp"] - seconds["none"] < 1


def check_uwsgi(folder, arguments, number=signal.SIGINT):
    """Serve 20 requests, end it, and check what it has exported."""
    (folder / "served.py").write_text(APP)
    with processes.collector() as collector, processes.reserved_port() as port:
        command = [processes.BIN / "uwsgi", "--http-socket", f"127.0.0.1:{port}", "--need-app"]
        command += ["--module", "served:app", "--master", "--processes", "2", *arguments]
        loads = 2 if "--lazy-apps" in arguments else 1
        with processes.serving(command, folder, collector.environment()) as server:
            # One that is still loading its app when it is to end is waited for by its master.
            server.wait_for(lambda: server.log.count("WSGI app 0") == loads, "loaded")
            ask(server, f"http://127.0.0.1:{port}")
            server.stop(number)
        assert "Traceback" not in server.log, server.log
        collector.exported.check(NAME, REQUESTS)


def test_uwsgis_workers_export_their_spans(tmp_path):
    """It calls exit() in a signal handler, and leaves Python's end out in one that is busy or has
    greenlets."""
    check_uwsgi(tmp_path, ["--gevent", "10"])


FLASK_ADDRESS = r"Running on (http://127\.0\.0\.1:\d+)"
WAITRESS_ADDRESS = r"Serving on (http://127\.0\.0\.1:\d+)"
SINGLE = {
    "flask": ([processes.BIN / "flask", "--app", "served", "run", "--port", "0"], FLASK_ADDRESS),
    "waitress": (
        [processes.BIN / "waitress-serve", "--listen", "127.0.0.1:0", "served:app"],
        WAITRESS_ADDRESS,
    ),
}


def stop_single(folder, kind, number, **more):
    """Serve 20 requests with a server that has one process; return its status and its spans."""
    (folder / "served.py").write_text(APP)
    command, pattern = SINGLE[kind]
    with processes.collector() as collector:
        env = collector.environment(PYTHONPATH=str(folder), **more)
        with processes.serving(command, folder, env) as server:
            ask(server, address(server, pattern))
            status, _ = server.stop(number)
        assert "Traceback" not in server.log, server.log
        return status, collector.exported


@pytest.mark.parametrize("kind", SINGLE)
def test_a_server_that_sigterm_kills_exports_where_that_was_asked_for(tmp_path, kind):
    """And its status is that of the signal nevertheless."""
    status, spans = stop_single(tmp_path, kind, signal.SIGTERM, ASK_FOR_SIGTERM="1")
    assert status == -signal.SIGTERM
    spans.check(NAME, REQUESTS)


@pytest.mark.parametrize("kind", SINGLE)
def test_nobody_handles_sigterm_unasked(tmp_path, kind):
    """It kills at once, as it does without tracing."""
    status, spans = stop_single(tmp_path, kind, signal.SIGTERM)
    assert status == -signal.SIGTERM
    assert not spans.named(NAME)
