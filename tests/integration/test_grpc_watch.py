"""The Watch of the gRPC health protocol, by gRPC's own client and by hostile frames."""

import contextlib
import queue
import re
import resource
import socket
import threading

import pytest

from grpc_asked import (
    GOAWAY,
    NOT_SERVING,
    PING,
    PREFACE,
    RST_STREAM,
    SERVICE_UNKNOWN,
    SERVING,
    SETTINGS,
    TIMEOUT,
    WATCH_HEAD,
    WINDOW_UPDATE,
    HealthCheckRequest,
    ask,
    asked,
    frame,
    grpc,
    needs_http2,
    raw_watch,
    read_frame,
    read_messages,
    read_until_end_of_stream,
)

pytestmark = needs_http2

PLACES = 256  # connections of a port


class Watch:
    """One stream, whose messages are read by a thread."""

    def __init__(self, stub, service="", **metadata):
        self.call = stub.Watch(HealthCheckRequest(service=service), metadata=metadata.items())
        self.said = queue.Queue()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        try:
            for answer in self.call:
                self.said.put(answer.status)
            self.said.put(grpc.StatusCode.OK)
        except grpc.RpcError as error:
            self.said.put(error.code())

    def next(self):
        return self.said.get(timeout=TIMEOUT)


@contextlib.contextmanager
def watching(stub, *services, **metadata):
    watches = [Watch(stub, service, **metadata) for service in services]
    try:
        yield watches
    finally:
        for watch in watches:
            watch.call.cancel()
            watch.thread.join()


@pytest.fixture(name="service")
def fixture_service():
    with asked() as service:
        yield service


def test_a_watch_tells_the_state_at_once_and_each_change(service):
    with watching(service.stub, "", "loop", "_live", "a b/%c") as watches:
        assert [one.next() for one in watches] == [SERVING, SERVING, SERVING, NOT_SERVING]
        for word, state in (("f", NOT_SERVING), ("p", SERVING)) * 3:
            service.tell(word)
            assert [one.next() for one in watches[:3]] == [state] * 3
        service.tell("d")  # who drains is not ready, and lives
        assert watches[0].next() == NOT_SERVING
        service.tell("s")
        assert watches[0].next() == SERVING
        assert all(one.said.empty() for one in watches)


def test_a_check_that_nobody_else_asks_for_is_run_for_who_watches(service):
    with watching(service.stub, "unasked", "_asked") as watches:
        assert [one.next() for one in watches] == [SERVING] * 2
        service.tell("u")
        assert [one.next() for one in watches] == [NOT_SERVING] * 2
        service.tell("u")
        assert [one.next() for one in watches] == [SERVING] * 2


def test_a_service_that_is_not_there_is_unknown_until_it_comes(service):
    with watching(service.stub, "late", "_late", "a" * 65) as (check, group, long):
        assert [one.next() for one in (check, group, long)] == [SERVICE_UNKNOWN] * 3
        service.tell("a")
        for one in (check, group):
            while (state := one.next()) == NOT_SERVING:  # before its first result
                pass
            assert state == SERVING
        service.tell("r")
        assert [one.next() for one in (check, group)] == [SERVICE_UNKNOWN] * 2
        assert long.said.empty()


def test_who_does_not_know_the_secret_watches_as_a_probe_may():
    with asked("s3") as service:
        with watching(service.stub, "", "loop", "late") as watches:
            denied = grpc.StatusCode.UNAUTHENTICATED
            assert [one.next() for one in watches] == [SERVING, denied, denied]
        with watching(service.stub, "loop", "late", authorization="Bearer s3") as watches:
            assert [one.next() for one in watches] == [SERVING, SERVICE_UNKNOWN]
            service.tell("n")  # a new secret
            assert [one.next() for one in watches] == [denied] * 2


def test_a_watch_of_a_check_that_hangs_is_told_within_the_budget_and_hears_of_its_end(service):
    with watching(service.stub, "gate") as (watch,):
        assert watch.next() == NOT_SERVING
        assert service.check() == SERVING  # on the same connection
        service.tell("g" * 8)
        assert watch.next() == SERVING


def test_a_service_that_ends_says_so_to_who_watches(service):
    with watching(service.stub, "", "gate", "late") as watches:
        assert watches[0].next() == SERVING
        assert watches[2].next() == SERVICE_UNKNOWN
        service.say("c")
        assert watches[0].next() == grpc.StatusCode.UNAVAILABLE
        assert watches[2].next() == grpc.StatusCode.UNAVAILABLE


def test_grpcs_client_side_health_checking_follows(service):
    """A channel that checks health by itself is ready when, and as long as, the service is."""
    config = (
        '{"healthCheckConfig":{"serviceName":"loop"},"loadBalancingConfig":[{"round_robin":{}}]}'
    )
    states = queue.Queue()
    options = [("grpc.service_config", config)]
    with grpc.insecure_channel(service.address, options=options) as channel:
        channel.subscribe(states.put, try_to_connect=True)

        def wait_for(wanted):
            while states.get(timeout=TIMEOUT) != wanted:
                pass

        wait_for(grpc.ChannelConnectivity.READY)
        service.tell("f")
        wait_for(grpc.ChannelConnectivity.TRANSIENT_FAILURE)
        service.tell("p")
        wait_for(grpc.ChannelConnectivity.READY)


def test_half_of_the_places_are_kept_for_others(service):
    channels = []
    with contextlib.ExitStack() as stack:
        for _ in range(PLACES // 2):
            channels.append(stack.enter_context(raw_watch(service.port)))
        assert all(read_messages(one, 1) == [SERVING] for one in channels)
        with raw_watch(service.port) as refused:
            assert b"\x018" in read_until_end_of_stream(refused)  # RESOURCE_EXHAUSTED
        assert service.check() == SERVING
        service.program.read_until("may not watch")
        service.tell("f")
        assert all(read_messages(one, 1) == [NOT_SERVING] for one in channels)
        channels[0].close()
        with watching(service.stub, "") as (watch,):
            assert watch.next() in (NOT_SERVING, grpc.StatusCode.RESOURCE_EXHAUSTED)


def test_streams_that_are_reset_are_forgotten(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=TIMEOUT) as client:
        client.sendall(PREFACE + SETTINGS)
        for stream in range(1, 401, 2):  # far more than may be open at once
            client.sendall(ask(stream, b"gate" if stream % 4 == 1 else b""))
            client.sendall(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
        client.sendall(ask(401))
        while True:
            kind, _, stream, payload = read_frame(client)
            if kind == 0 and stream == 401:
                assert payload[6] == SERVING
                break
        client.sendall(frame(GOAWAY, 0, 0, b"\0" * 8))
        service.tell("f")
        assert read_messages(client, 1) == [NOT_SERVING]  # what was begun goes on
    assert service.check() == NOT_SERVING


def test_hostile_watches_hurt_nobody(service):
    hostile = [
        ask(1) * 2,  # the same stream again
        ask(1) + frame(0, 0, 1, b"more"),  # behind its end
        frame(1, 4, 1, WATCH_HEAD) + frame(0, 1, 1, b"\xff" * 100),
        frame(1, 4, 1, WATCH_HEAD) + frame(0, 1, 1, b""),
        frame(1, 5, 1, WATCH_HEAD),  # no message
        frame(1, 4, 1, WATCH_HEAD),  # and no end
        ask(1) + frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff"),  # more than there can be
        ask(1) + frame(PING, 1, 0, b"8 bytes!") * 1000,  # answers to nothing
        ask(1) + frame(4, 0, 0, b"\0\4\0\0\0\0" * 50),
        b"".join(ask(s) for s in range(1, 101, 2)),
        ask(1, b"\xff\xfe"),
    ]
    for data in hostile:
        client = socket.create_connection(("127.0.0.1", service.port), timeout=TIMEOUT)
        with client, contextlib.suppress(ConnectionError):
            client.sendall(PREFACE + SETTINGS + data)
            client.recv(65536)
    for _ in range(200):  # gone at once
        with raw_watch(service.port, streams=range(1, 32, 2), service=b"gate"):
            pass
    assert service.check() == SERVING
    with watching(service.stub, "") as (watch,):
        assert watch.next() == SERVING


def test_with_few_descriptors_few_may_watch_and_probes_are_answered():
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    with asked(preexec_fn=lower) as service, contextlib.ExitStack() as stack:
        for _ in range(8):  # half of a quarter
            client = stack.enter_context(raw_watch(service.port))
            assert read_messages(client, 1) == [SERVING]
        refused = stack.enter_context(raw_watch(service.port))
        assert re.search(rb"\x018", read_until_end_of_stream(refused))
        assert service.check() == SERVING
