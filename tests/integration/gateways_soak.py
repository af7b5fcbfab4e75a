"""The files of examples/deploy/collector, with three Collectors: an agent and two gateways, each
with a backend of its own here, so that it is seen which spans came by which."""

import collections
import concurrent.futures
import contextlib
import threading
import time

import pytest

import backend
import collector
import outage_client
import programs
import restarts

DEPLOY = programs.EXAMPLES / "deploy/collector"
TRACES, TRACE_SIZE, SPANS_A_SECOND = 1000, 5, 250
DEADLINE_S = 120

pytestmark = [backend.needs_otlp, collector.needs_go]


@pytest.fixture(scope="module", name="program")
def fixture_program():
    return collector.build("gateways")


def gateway(program, address, sink):
    return collector.running(
        program,
        DEPLOY / "gateway.yaml",
        OTLP_GRPC=address,
        BACKEND=f"http://127.0.0.1:{sink.server_port}",
        DECISION_WAIT="1s",
        KEEP_PERCENT="100",
        METRICS_LEVEL="none",
    )


@contextlib.contextmanager
def agent(program, addresses):
    """Yields where clients find it."""
    http = collector.free_address()
    environment = {
        "OTLP_GRPC": collector.free_address(),
        "OTLP_HTTP": http,
        "GATEWAY_1": addresses[0],
        "GATEWAY_2": addresses[1],
        "METRICS_LEVEL": "none",
    }
    with collector.running(program, DEPLOY / "agent.yaml", **environment):
        yield {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{http}", "OTEL_BSP_SCHEDULE_DELAY": "100"}


def stream(environment):
    told, output = outage_client.run(environment, "stream", TRACES, SPANS_A_SECOND, 60000)
    (report,) = told.calls
    assert report["exported"] == TRACES * TRACE_SIZE, report
    return set(output.splitlines())


def wait_for(sent, sinks):
    """The ids that each has, when all are somewhere."""
    end = time.monotonic() + DEADLINE_S
    while True:
        arrived = [set(restarts.ids_at([sink])) for sink in sinks]
        if set.union(*arrived) >= sent or time.monotonic() > end:
            return arrived
        threading.Event().wait(0.2)


def sizes(ids):
    """How many spans of each trace there are."""
    return collections.Counter(line.split()[0] for line in ids)


def test_traces_are_whole_at_one_gateway_while_one_is_stopped_and_started(program):
    addresses = [collector.free_address(), collector.free_address()]
    with (
        backend.sink() as first,
        backend.sink() as second,
        gateway(program, addresses[1], second),
        agent(program, addresses) as way,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        with gateway(program, addresses[0], first):
            sent = pool.submit(stream, way)
            threading.Event().wait(5)
        threading.Event().wait(5)
        before = len(restarts.ids_at([first]))
        with gateway(program, addresses[0], first):
            arrived = wait_for(sent.result(), [first, second])
    assert 0 < before < len(arrived[0])
    assert set.union(*arrived) == sent.result()
    assert not sizes(arrived[0]).keys() & sizes(arrived[1]).keys()
    assert set(sizes(set.union(*arrived)).values()) == {TRACE_SIZE}
