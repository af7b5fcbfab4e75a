"""Celery workers over a real Redis: every worker exports its spans when it ends, unasked."""

import contextlib
import shutil
import signal

import celery
import processes
import pytest

from impact_stack.observability import tracing

needs_redis = pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server")
pytestmark = needs_redis

APP = """
import os
import celery
from impact_stack.observability import tracing

app = celery.Celery("tasks", broker=os.environ["BROKER"], backend=os.environ.get("RESULTS"))
TRACING

@app.task
@tracing.new_span("work")
def work(number):
    return number
"""

IN_CODE = 'tracing.init_tracing({"service.name": "worker"})'

FLASK = """
import flask
app.flask_app = flask.Flask("jobs")
app.flask_app.config["TRACING_INSTRUMENTORS"] = ["celery"]
"""

TASKS = 20


@contextlib.contextmanager
def redis(folder):
    """Run a Redis of our own, that listens on a socket in the folder."""
    path = folder / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", ""]
    with processes.serving(command, folder, None) as server:
        server.wait_for(path.exists, "listening")
        yield {"BROKER": f"redis+socket://{path}", "RESULTS": f"redis+socket://{path}"}


@pytest.fixture(name="broker", scope="module")
def fixture_broker(tmp_path_factory):
    """Return the environment that names the queue."""
    with redis(tmp_path_factory.mktemp("redis")) as env:
        yield env


def wait_until_acknowledged(client):
    """Have the worker's event loop come round twice: of the tasks it was sent before, none is left
    to be acknowledged. One that is left when the worker is told to end is done again by the next;
    and a QUIT amid an acknowledgement hangs Celery 5.7, with tracing or without: its handler writes
    to the connection whose lock the interrupted write holds."""
    for _ in range(2):
        assert client.control.ping(timeout=processes.DEADLINE_SECONDS, limit=1)


def send(broker, count=TASKS):
    """Queue tasks as a client would; return what they have returned, once the queue is rid of
    them."""
    client = celery.Celery(broker=broker["BROKER"], backend=broker["RESULTS"])
    results = [client.send_task("tasks.work", (number,)) for number in range(count)]
    values = [result.get(timeout=processes.DEADLINE_SECONDS) for result in results]
    wait_until_acknowledged(client)
    client.close()
    return values


def work_off(folder, broker, arguments, app=IN_CODE, number=signal.SIGTERM, **more):
    """Have a worker do 20 tasks, end it, and return what it has exported."""
    (folder / "tasks.py").write_text(APP.replace("TRACING", app))
    with processes.collector() as collector:
        env = collector.environment(**broker, **more)
        command = [processes.BIN / "celery", "--app", "tasks", "worker", *arguments]
        with processes.serving(command, folder, env) as worker:
            assert send(broker) == list(range(TASKS))
            worker.stop(number)
        # Celery shows one of its own when a worker with greenlets is told to quit.
        assert "/impact_stack/" not in worker.log, worker.log
        return collector.exported


PREFORK = ["--pool", "prefork", "--concurrency", "2"]


def check_prefork(folder, broker, tasks_per_child, number):
    """Check that every child exports its spans, and that there were as many as there should."""
    limit = [f"--max-tasks-per-child={tasks_per_child}"] if tasks_per_child else []
    spans = work_off(folder, broker, [*PREFORK, *limit], number=number)
    spans.check("work", TASKS)
    assert len(spans.pids_of("work")) >= (TASKS / tasks_per_child if tasks_per_child else 1)


def test_prefork_workers_export_their_spans(tmp_path, broker):
    """20 of 20, although they are replaced."""
    check_prefork(tmp_path, broker, 5, signal.SIGTERM)


def check_in_one_process(folder, broker, pool, number):
    """Check that a worker without children exports its spans."""
    arguments = ["--pool", pool, "--concurrency", "2"]
    work_off(folder, broker, arguments, number=number).check("work", TASKS)


def test_a_pool_of_threads_exports_its_spans(tmp_path, broker):
    """It has no process of its own."""
    check_in_one_process(tmp_path, broker, "threads", signal.SIGTERM)


def test_init_celery_traces_the_flask_app(tmp_path, broker):
    """Before the fork, in the worker's main process: tasks are spans of the instrumentor."""
    app = f"{FLASK}\ntracing.Tracing().init_celery(app)"
    spans = work_off(tmp_path, broker, PREFORK, app)
    spans.check("work", TASKS)
    spans.check("run/tasks.work", TASKS)


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_the_module_for_celery_traces_a_worker_that_does_not(tmp_path, broker, pool):
    """As the original's: CELERY_CONFIG_MODULE, and no line of code."""
    spans = work_off(
        tmp_path,
        broker,
        ["--pool", pool, "--concurrency", "2"],
        FLASK,
        CELERY_CONFIG_MODULE="impact_stack.observability.tracing.celery",
    )
    spans.check("run/tasks.work", TASKS)


def test_opentelemetry_instrument_traces_a_worker(tmp_path, broker):
    """Without a line of code either, and without Flask."""
    (tmp_path / "tasks.py").write_text(APP.replace("TRACING", ""))
    with processes.collector() as collector:
        env = collector.environment(**broker)
        command = [processes.BIN / "opentelemetry-instrument", processes.BIN / "celery"]
        command += ["--app", "tasks", "worker", *PREFORK]
        with processes.serving(command, tmp_path, env) as worker:
            send(broker)
            worker.stop()
        collector.exported.check("run/tasks.work", TASKS)


def test_a_collector_that_is_down_delays_the_end_of_a_worker_by_a_second_at_most(tmp_path, broker):
    """Its children export one beside the other. Celery looks for those that have ended every 0.8 s
    (billiard.pool.Supervisor), so that much is not ours."""
    (tmp_path / "tasks.py").write_text(APP.replace("TRACING", IN_CODE))
    seconds = {}
    for exporter in ("none", "otlp"):
        env = processes.environment(
            processes.closed_port(), OTEL_TRACES_EXPORTER=exporter, **broker
        )
        command = [processes.BIN / "celery", "--app", "tasks", "worker", *PREFORK]
        with processes.serving(command, tmp_path, env) as worker:
            send(broker)
            _, seconds[exporter] = worker.stop()
    assert seconds["otlp"] - seconds["none"] < 1 + 0.8


def test_init_celery_without_a_flask_app_says_so(caplog):
    """And does nothing."""
    extension = tracing.Tracing()
    extension.init_celery(celery.Celery())
    assert "No flask_app connected to Celery. Cannot initialize tracing." in caplog.text
    assert extension.tracer_provider is None
