"""Forks: parent and child each export their own spans, once."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from opentelemetry.proto.trace.v1 import trace_pb2
from impact_stack.observability.tracing.provider import TracerProvider

def exported(provider):
    assert provider.force_flush(5000)
    data = trace_pb2.TracesData.FromString(provider.memory_data())
    return [
        (span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
        for resource_spans in data.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]

def check_equation(provider):
    stats = provider.stats()
    assert stats.pop("ended") == sum(stats.values()), stats

provider = TracerProvider(exporters=("memory",))
tracer = provider.get_tracer("fork")
tracer.start_span("before").end()
FLUSH
with tracer.start_as_current_span("around"):
    child = os.fork()
    who = "parent" if child else "child"
    tracer.start_span(who).end()
lines = [
    f"{who} {name} {trace_id} {span_id} {parent_id or '-'}\\n"
    for name, trace_id, span_id, parent_id in exported(provider)
]
os.write(1, "".join(lines).encode())  # in one piece: both processes write here
check_equation(provider)
if child:
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize("flush", ["", "provider.force_flush(5000)"])
def test_each_process_exports_its_own_spans(flush):
    """With a worker that runs already, and with one that waits for its first span."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("FLUSH", flush)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    by_process = {
        who: {name: ids for process, name, *ids in rows if process == who}
        for who in ("parent", "child")
    }
    # What memory holds of before the fork was copied with it; what was queued was not.
    by_process["child"].pop("before", None)
    assert set(by_process["parent"]) == {"before", "around", "parent"}
    assert set(by_process["child"]) == {"child"}
    assert len(rows) <= 5
    parent, child = by_process["parent"], by_process["child"]
    assert child["child"][1] != parent["parent"][1]
    # A span of before the fork parents those of both.
    assert child["child"][2] == parent["parent"][2] == parent["around"][1]


def test_ids_of_children_differ():
    """Each child makes ids of its own, whatever Python's random was seeded with."""
    program = """
import os, random
from impact_stack.observability.tracing.provider import TracerProvider
tracer = TracerProvider(exporters=()).get_tracer("fork")
tracer.start_span("a").end()
random.seed(1)
for _ in range(3):
    child = os.fork()
    if child == 0:
        print(f"{tracer.start_span('b').get_span_context().trace_id:032x}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    ids = done.stdout.split()
    assert len(ids) == len(set(ids)) == 3


def test_health_answers_in_a_child():
    """An app that was loaded, and probed, before the fork."""
    program = """
import os, flask
from impact_stack.observability import health
app = flask.Flask("x")
app.config["HEALTH_URL_SECRET"] = None
health_ = health.Health(app)
health_.register_check("true", health.checks.check_true)
assert app.test_client().get("/health/").status_code == 200
child = os.fork()
assert app.test_client().get("/health/").status_code == 200
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


RESOURCE_PROGRAM = """
import os
from impact_stack.observability import tracing
provider = tracing.init_tracing(set_global_tracer_provider=False, initialize_exporters=False)
span = provider.get_tracer("x").start_span("a")
mine = dict(span.resource.attributes)
child = os.fork()
theirs = dict(span.resource.attributes)
assert theirs["process.pid"] == os.getpid()
assert (mine["service.instance.id"] == theirs["service.instance.id"]) is bool(child)
if not child:
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_each_process_is_an_instance_of_its_own():
    """A forked child's resource says so (fault 78)."""
    subprocess.run([sys.executable, "-c", RESOURCE_PROGRAM], check=True, timeout=60)
