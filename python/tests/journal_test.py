"""A journal: what waits in a Python program outlives its being killed, by the environment alone."""

import signal
import subprocess
import sys

import processes

import conftest

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


def test_the_span_that_a_program_was_killed_in_is_exported(tmp_path):
    within = """
with tracer.start_as_current_span("outer"):
    with tracer.start_as_current_span("inner", attributes={"cart": 7}) as span:
        tracer.start_span("work").end()
        span.set_attribute("step", "charge")
        os.kill(os.getpid(), signal.SIGKILL)
"""
    with processes.collector() as server:
        env = server.environment() | {
            "OTEL_C_JOURNAL_DIR": str(tmp_path),
            "OTEL_C_JOURNAL_OPEN_SPANS": "true",
        }
        assert run(0, within, env) == -signal.SIGKILL
        assert run(1, "", env) == 0
        server.exported.check("work", 2)
        (outer,) = server.exported.named("outer")
        (inner,) = server.exported.named("inner")
    assert inner.parent_span_id == outer.span_id
    facts = conftest.attributes_of(inner)
    assert facts == {"cart": 7, "step": "charge", "impact.span.unfinished": True}
    assert outer.end_time_unix_nano == inner.end_time_unix_nano >= inner.start_time_unix_nano
    assert list(tmp_path.iterdir()) == []


def test_what_a_forked_child_does_with_a_span_of_its_parents_changes_nothing(tmp_path):
    within = """
with tracer.start_as_current_span("outer") as span:
    child = os.fork()
    if child == 0:
        span.set_attribute("of", "the child")
        span.add_event("there")
        span.end()
        assert span.attributes is None or "of" not in span.attributes
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
    with processes.collector() as server:
        env = server.environment() | {
            "OTEL_C_JOURNAL_DIR": str(tmp_path),
            "OTEL_C_JOURNAL_OPEN_SPANS": "true",
        }
        assert run(0, within, env) == 0
        server.exported.check("outer", 1)
        (outer,) = server.exported.named("outer")
    assert conftest.attributes_of(outer) == {}
