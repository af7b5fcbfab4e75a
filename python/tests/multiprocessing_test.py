"""Children of multiprocessing, which leave by os._exit: each exports its spans, by itself."""

import time

import processes
import pytest

PROGRAM = """
import concurrent.futures, multiprocessing, os, sys
from impact_stack.observability import tracing

provider = tracing.init_tracing({"service.name": "children"}, flush_on_sigterm=SIGTERM)
tracer = provider.get_tracer("tests")

def work(number):
    with tracer.start_as_current_span("work"):
        return os.getpid()

def work_ten():
    for number in range(10):
        work(number)

def fail():
    work_ten()
    raise SystemExit(3)

def nested(method):
    context = multiprocessing.get_context(method)
    child = context.Process(target=work_ten)
    child.start()
    work_ten()
    child.join()

def run(context):
    BODY

if __name__ == "__main__":
    with tracer.start_as_current_span("parent"):
        run(multiprocessing.get_context(sys.argv[1]))
"""

PROCESSES = """
    children = [context.Process(target=work_ten) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
"""

POOL = """
    pool = context.Pool(2)
    pool.map(work, range(20), chunksize=1)
    pool.close()
    pool.join()
"""

RECYCLED_POOL = POOL.replace("Pool(2)", "Pool(2, maxtasksperchild=1)")

TERMINATED_POOL = """
    with context.Pool(2) as pool:  # which ends its children with SIGTERM
        pool.map(work, range(20), chunksize=1)
"""

EXECUTOR = """
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        list(executor.map(work, range(20)))
"""

NESTED = """
    child = context.Process(target=nested, args=(sys.argv[1],))
    child.start()
    child.join()
"""

STATUSES = """
    children = [context.Process(target=fail) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 3, child.exitcode
"""


def program(body, sigterm=False):
    """Return the program that does this."""
    return PROGRAM.replace("    BODY", body).replace("SIGTERM", str(sigterm))


def exported(body, method, folder, sigterm=False):
    """Run it, and return what its processes have exported."""
    with processes.collector() as server:
        done = processes.run(program(body, sigterm), folder, server.environment(), method)
        assert not done.stderr
        return server.exported


@pytest.mark.parametrize(
    ("body", "method"),
    [(PROCESSES, "fork"), (POOL, "spawn"), (EXECUTOR, "forkserver")],
    ids=["process", "pool", "executor"],
)
def test_every_span_of_a_child_is_exported(tmp_path, body, method):
    """20 of 20, and those of the parent once."""
    spans = exported(body, method, tmp_path)
    spans.check("work", 20)
    spans.check("parent", 1)
    assert spans.pids_of("work").isdisjoint(spans.pids_of("parent"))


def test_children_that_live_for_one_task_export_its_span(tmp_path):
    """Each with ids and a name of its own."""
    spans = exported(RECYCLED_POOL, "fork", tmp_path)
    spans.check("work", 20)
    assert len(spans.pids_of("work")) >= 10


def test_a_child_that_ends_with_a_status_keeps_it(tmp_path):
    """And exports what it has made."""
    exported(STATUSES, "fork", tmp_path).check("work", 20)


@pytest.mark.parametrize("sigterm", [False, True], ids=["unasked", "asked"])
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_that_is_terminated_exports(tmp_path, method, sigterm):
    """Its children end of SIGTERM, as the pool wants it, at the end of its `with` block."""
    exported(TERMINATED_POOL, method, tmp_path, sigterm).check("work", 20)


def test_a_span_around_a_fork_is_the_parent_of_those_of_the_children(tmp_path):
    """It is exported by the process that began it, once."""
    spans = exported(PROCESSES, "fork", tmp_path)
    around = spans.named("parent")[0]
    assert {span.parent_span_id for span in spans.named("work")} == {around.span_id}
    assert {span.trace_id for span in spans.named("work")} == {around.trace_id}


LATE = """
import os
from impact_stack.observability import tracing
tracer = tracing.init_tracing().get_tracer("tests")
import multiprocessing

def work():
    for _ in range(20):
        tracer.start_span("work").end()

child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
"""


def test_multiprocessing_may_come_after_tracing(tmp_path):
    """It is not imported for this: it is found in the child."""
    with processes.collector() as server:
        processes.run(LATE, tmp_path, server.environment())
        server.exported.check("work", 20)


IN_CHILD = """
import multiprocessing
from impact_stack.observability import tracing

def work():
    tracer = tracing.init_tracing().get_tracer("tests")
    for _ in range(20):
        tracer.start_span("work").end()

if __name__ == "__main__":
    child = multiprocessing.get_context("METHOD").Process(target=work)
    child.start()
    child.join()
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_tracing_may_begin_in_the_child(tmp_path, method):
    """After the child has forgotten what its parent registered."""
    with processes.collector() as server:
        processes.run(IN_CHILD.replace("METHOD", method), tmp_path, server.environment())
        server.exported.check("work", 20)


BILLIARD = LATE.replace("multiprocessing", "billiard")


def test_children_of_billiard_export_as_well(tmp_path):
    """It is Celery's multiprocessing, and a library of its own."""
    with processes.collector() as server:
        processes.run(BILLIARD, tmp_path, server.environment())
        server.exported.check("work", 20)


DOWN = program(PROCESSES)


def test_a_collector_that_is_down_delays_an_end_by_a_second_at_most(tmp_path):
    """A refused connection is known at once: two children and the parent end one after another."""
    started = time.monotonic()
    processes.run(DOWN, tmp_path, processes.environment(processes.closed_port()), "fork")
    with_collector_down = time.monotonic() - started
    started = time.monotonic()
    processes.run(DOWN, tmp_path, processes.environment("", OTEL_TRACES_EXPORTER="none"), "fork")
    without_exporter = time.monotonic() - started
    assert with_collector_down - without_exporter < 2
