"""Several requests under way at once, over the exporter "otlp": what it is for, and what must not
come of it."""

import collections
import os
import signal
import subprocess
import threading
import time

import pytest

import backend
import outage_client
import outages
import restarts

pytestmark = backend.needs_otlp

AT_ONCE = 4
BATCH = 50  # spans
LATENCY_S = 0.05
WAIT_S = 30


def settings(server, at_once=AT_ONCE, protocol="http/protobuf"):
    return outages.at(server.server_port) | {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_BSP_MAX_CONCURRENT_EXPORTS": str(at_once),
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": str(BATCH),
        "OTEL_BSP_MAX_QUEUE_SIZE": "10000",
    }


def late(handler):
    time.sleep(LATENCY_S)
    handler.reply(200, {}, b"")


def stream(environment, batches):
    """So many batches end, and then tracing is shut down: what the client told of that, and the
    ids that it printed."""
    told, output = outage_client.run(environment, "stream", batches * BATCH // 5, 0, 60000)
    return told.calls[-1], output.split("\n")[:-1]


def check_each_arrived_once(server, ids):
    arrived = collections.Counter(restarts.ids_at([server]))
    assert arrived == collections.Counter(ids)


def drain_ms(at_once, pumps):
    with backend.sink(late) as server:
        environment = settings(server, at_once) | ({"OUTAGE_PUMPS": "1"} if pumps else {})
        begin = time.monotonic()
        shutdown, ids = stream(environment, 16)
        took = time.monotonic() - begin
        assert shutdown["exported"] == len(ids) == 16 * BATCH
        check_each_arrived_once(server, ids)
        peers = {request["peer"] for request in server.requests}
        assert len(peers) <= at_once
        return took


@pytest.mark.parametrize("pumps", [False, True], ids=["a thread", "pumped"])
def test_four_requests_at_once_take_a_part_of_the_time_over_a_link_with_latency(pumps):
    ratios = []
    while len(ratios) < 5 and min(ratios, default=1) >= 0.6:
        ratios.append(drain_ms(4, pumps) / drain_ms(1, pumps))
    assert min(ratios) < 0.6, ratios


# ---- a backend that holds its answers back ----


class Holding:
    """Answers to nobody until so many wait, and then to all, in an order of its own."""

    def __init__(self, order, statuses=None):
        self.order = order
        self.statuses = statuses or [200] * len(order)
        self.arrived = 0
        self.lock = threading.Lock()
        self.turns = [threading.Event() for _ in order]
        self.are_there = threading.Event()

    def __call__(self, handler):
        with self.lock:
            place, self.arrived = self.arrived, self.arrived + 1
        if place >= len(self.order):
            handler.reply(200, {}, b"")
            return
        if place == len(self.order) - 1:
            self.are_there.set()
        assert self.are_there.wait(WAIT_S)
        if place >= len(self.order):
            backend.close(handler)  # nobody is there any more
            return
        turn = self.order.index(place)
        if turn:
            assert self.turns[turn - 1].wait(WAIT_S)
        handler.reply(self.statuses[place], {}, b"")
        self.turns[turn].set()


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 1, 0]], ids=str)
def test_answers_in_another_order_cost_nothing(order):
    holding = Holding(order)
    with backend.sink(holding) as server:
        shutdown, ids = stream(settings(server), 9)
        assert holding.are_there.is_set()
        assert shutdown["status"] == backend.OK and shutdown["balanced"]
        assert shutdown["exported"] == 9 * BATCH
        check_each_arrived_once(server, ids)


def test_one_that_is_refused_is_counted_and_the_others_are_not():
    holding = Holding([3, 2, 1, 0], [200, 400, 200, 200])
    with backend.sink(holding) as server:
        shutdown, ids = stream(settings(server), 9)
        assert shutdown["balanced"]
        assert (shutdown["exported"], shutdown["rejected"]) == (8 * BATCH, BATCH)
        check_each_arrived_once(server, ids)


def test_one_that_is_tried_again_arrives_while_others_go_on():
    holding = Holding([0, 1, 2, 3], [503, 200, 200, 200])
    with backend.sink(holding) as server:
        shutdown, ids = stream(settings(server), 9)
        assert shutdown["exported"] == len(ids) == 9 * BATCH and shutdown["balanced"]
        assert len(server.requests) == 10
        assert set(restarts.ids_at([server])) == set(ids)


def test_a_pause_that_one_was_asked_for_is_kept_by_all():
    holding = Holding([0, 1, 2, 3])
    asked = []

    def busy_once(handler):
        with holding.lock:
            is_first = not asked
            asked.append(time.monotonic())
        if is_first:
            handler.reply(429, {"Retry-After": "1"}, b"")
        else:
            handler.reply(200, {}, b"")

    with backend.sink(busy_once) as server:
        environment = settings(server) | {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5"}
        told, _ = outage_client.run(environment, "outage", 30000, 1, 0)
        assert [call["exported"] for call in told.calls] == [10, 20]
        # What was on its way is; nobody begins within the second.
        early = [at for at in asked[1:] if at - asked[0] < 0.95]
        assert len(early) <= 1


def test_grpc_calls_go_at_once_too():
    barrier = threading.Barrier(AT_ONCE)

    def together(context):
        barrier.wait(WAIT_S)
        return backend.service.ExportTraceServiceResponse()

    with backend.grpc_sink(together) as server:
        shutdown, ids = stream(settings(server, protocol="grpc"), 2 * AT_ONCE)
        assert shutdown["status"] == backend.OK
        assert shutdown["exported"] == len(ids) == 2 * AT_ONCE * BATCH


# ---- killed with four under way ----


def test_what_is_under_way_when_a_process_is_killed_is_exported_by_the_next(tmp_path):
    """None is lost. Twice may arrive what was under way and not acknowledged: four batches."""
    holding = Holding(list(range(8)))  # more than come: to nobody
    with backend.sink(holding) as server:
        environment = settings(server) | {"OTEL_C_JOURNAL_DIR": str(tmp_path)}
        own = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        mine = {"IMPACT_PLUGIN_PATH": str(backend.BUILD / "src")}
        words = [outage_client.CLIENT, "stream", str(9 * BATCH // 5), "0", "60000"]
        until, is_over = os.pipe()
        victim = subprocess.Popen(
            words,
            env=own | mine | {"OTEL_BSP_SCHEDULE_DELAY": "600000"} | environment,
            stdin=until,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            ids = [victim.stdout.readline().strip() for _ in range(9 * BATCH)]
            deadline = time.monotonic() + WAIT_S
            while holding.arrived < AT_ONCE and time.monotonic() < deadline:
                time.sleep(0.01)
            assert holding.arrived == AT_ONCE
        finally:
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            os.close(until)
            os.close(is_over)
            victim.stdout.close()
        holding.order = []
        holding.are_there.set()
        stream(environment, 1)
        arrived = collections.Counter(restarts.ids_at([server]))
        assert set(ids) <= set(arrived)
        assert all(count <= 2 for count in arrived.values())
        twice = [one for one, count in arrived.items() if count == 2]
        assert len(twice) <= AT_ONCE * BATCH
