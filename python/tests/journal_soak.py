"""gunicorn's workers, killed at random moments with a journal: no span that ended is lost."""

import contextlib
import http.client
import os
import random
import re
import signal
import subprocess
import time
import urllib.request

import processes

KILLS = int(os.environ.get("IMPACT_KILLS", "200"))
APP = """
import os
import flask
from impact_stack.observability import tracing
provider = tracing.init_tracing()
tracer = provider.get_tracer("tests")
app = flask.Flask("shop")
@app.get("/<number>")
def index(number):
    tracer.start_span(number).end()  # before anybody is answered
    return str(os.getpid())
"""


def address_of(log):
    """Where it listens: it says so on standard error."""
    deadline = time.monotonic() + processes.DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"Listening at: (http://\S+)", log.read_text(encoding="utf-8"))
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def ask(url, number):
    """The worker that answered; None: it was killed meanwhile."""
    try:
        with urllib.request.urlopen(f"{url}/{number}", timeout=10) as answer:
            return int(answer.read())
    except (OSError, http.client.HTTPException):
        time.sleep(0.01)
        return None


def kill_workers(url, answered):
    """Until there were enough kills, each after a few requests."""
    number = 0
    for _ in range(KILLS):
        worker = None
        for _ in range(random.randint(1, 12)):
            number += 1
            pid = ask(url, number)
            if pid:
                answered.add(str(number))
                worker = pid
        if worker:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


LAST = """
from impact_stack.observability import tracing
tracing.init_tracing().get_tracer("tests").start_span("last").end()
"""


def export_the_rest(journal, env):
    """Each process does as much as its end has time for, which under load may be little: of 200
    kills 60 files were left. As long as one of three does something it goes on."""
    left = -1
    idle = 0
    while left and idle < 3:
        subprocess.run([processes.BIN / "python", "-c", LAST], env=env, check=True, timeout=60)
        before, left = left, sum(1 for _ in journal.iterdir())
        idle = idle + 1 if left == before else 0


def test_a_span_that_ended_is_exported_whoever_is_killed(tmp_path):
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    journal = tmp_path / "journal"
    answered = set()
    with processes.collector() as collector:
        env = collector.environment() | {
            "OTEL_C_JOURNAL_DIR": str(journal),
            "OTEL_BSP_SCHEDULE_DELAY": "20",
        }
        command = [processes.BIN / "gunicorn", "--bind", "127.0.0.1:0", "--workers", "2", "app:app"]
        log = tmp_path / "log"
        with (
            log.open("wb") as errors,
            subprocess.Popen(command, cwd=tmp_path, env=env, stderr=errors) as server,
        ):
            try:
                kill_workers(address_of(log), answered)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(processes.DEADLINE_SECONDS)
        export_the_rest(journal, env)
        names = [span.name for _, span in collector.exported.spans]
    assert answered <= set(names)
    numbers = [name for name in names if name != "last"]
    assert len(numbers) - len(set(numbers)) <= KILLS * 12
    assert "last" in names
    assert list(journal.iterdir()) == []
