"""A journal: what waits in a Python program outlives its being killed, by the environment alone."""

import signal
import subprocess
import sys

import processes

PROGRAM = """
import os, signal
from impact_stack.observability import tracing
provider = tracing.init_tracing()
tracer = provider.get_tracer("tests")
for i in range(COUNT):
    tracer.start_span("work").end()
AFTERWARDS
"""


def run(count, afterwards, env):
    program = PROGRAM.replace("COUNT", str(count)).replace("AFTERWARDS", afterwards)
    return subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        timeout=processes.DEADLINE_SECONDS,
        check=False,
    ).returncode


def test_what_waits_when_a_program_is_killed_is_exported_by_the_next(tmp_path):
    with processes.collector() as server:
        env = server.environment() | {"OTEL_C_JOURNAL_DIR": str(tmp_path)}
        assert run(50, "os.kill(os.getpid(), signal.SIGKILL)", env) == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 1
        assert run(1, "", env) == 0
        server.exported.check("work", 51)
    assert list(tmp_path.iterdir()) == []


def test_what_a_forked_worker_leaves_is_exported_by_the_next(tmp_path):
    """As gunicorn does: the master begins tracing, its workers are killed."""
    afterwards = """
child = os.fork()
if child == 0:
    tracer.start_span("work").end()
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
"""
    with processes.collector() as server:
        env = server.environment() | {"OTEL_C_JOURNAL_DIR": str(tmp_path)}
        assert run(3, afterwards, env) == 0
        assert len(list(tmp_path.iterdir())) == 1
        assert run(1, "", env) == 0
        server.exported.check("work", 5)
    assert list(tmp_path.iterdir()) == []
