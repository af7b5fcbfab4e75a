"""A program with one thread whose collector has a name: loop_client.c, and a name server."""

import contextlib
import socket
import ssl
import threading

import grpc
import pytest

import backend
import name_server
import test_loop
from backend import EEXPORT, ETIMEDOUT, OK
from name_server import by_another_name, garbage, has, in_turn, over_tcp, says, silent, zone
from test_loop import LAST, SPANS

pytestmark = [
    backend.needs_otlp,
    pytest.mark.skipif(not test_loop.knows_names(), reason="built without c-ares"),
]

NAME = "collector.example"
QUICK_MS, LONG_MS = 300, 30000
LOOPBACK = has("127.0.0.1")


def export(answer, port, loop_ms=LONG_MS, timeout_ms=20000, scheme="http", hosts="", **environment):
    """What the program tells of itself, what it asked, and what the library has to say."""
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{scheme}://{NAME}:{port}"}
    with name_server.serving(answer, hosts) as (server, before):
        told, diagnostics = test_loop.start(endpoint | environment, loop_ms, timeout_ms, before)
    test_loop.check_host(told)
    return told, server.asked, diagnostics


def check_exported(told, diagnostics):
    assert (told["flush"], told["shutdown"]) == (OK, OK), diagnostics
    assert told["looped"] == SPANS
    assert told["exported"] == told["ended"] == SPANS + LAST
    assert not [line for line in diagnostics if "looks up" in line]


ANSWERS = {
    "an address": LOOPBACK,
    "another protocol has none": has("127.0.0.1", ttl=0),
    "the first refuses": has("127.66.66.66", "127.0.0.1"),
    "both protocols": has("::1", "127.0.0.1"),
    "an alias": by_another_name("127.0.0.1"),
    "too large for a datagram": over_tcp(LOOPBACK),
    "hundreds": over_tcp(has("127.0.0.1", *(f"127.66.1.{i}" for i in range(250)))),
    "at the second try": in_turn(says(name_server.FAILED), LOOPBACK),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_program_with_one_thread_looks_its_collector_up(name):
    with backend.sink() as server:
        told, asked, diagnostics = export(ANSWERS[name], server.server_port)
    check_exported(told, diagnostics)
    assert {kind for _, kind, _ in asked} == {name_server.A, name_server.AAAA}
    assert {request["headers"]["Host"] for request in server.requests} == {
        f"{NAME}:{server.server_port}"
    }


def test_a_name_in_etc_hosts_is_known_without_a_question():
    with backend.sink() as server:
        told, asked, diagnostics = export(silent, server.server_port, hosts=f"127.0.0.1 {NAME}\n")
    check_exported(told, diagnostics)
    assert asked == []


# ---- TLS ----


@contextlib.contextmanager
def tls_sink(protocol, certificate, key):
    if protocol == "grpc":
        credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        with backend.grpc_sink(credentials=credentials) as server:
            yield server
        return
    with backend.sink() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("whose", [NAME, "other.example"])
def test_the_certificate_is_held_to_the_name_that_was_looked_up(protocol, whose, tmp_path):
    certificate, key = backend.certify(tmp_path, "names", f"DNS:{whose}")
    settings = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
    }
    times = (LONG_MS, 20000) if whose == NAME else (QUICK_MS, QUICK_MS)
    with tls_sink(protocol, certificate, key) as server:
        told, _, diagnostics = export(LOOPBACK, server.server_port, *times, "https", **settings)
    if whose == NAME:
        check_exported(told, diagnostics)
    else:
        assert told["exported"] == 0 and told["failed"] == told["ended"]


# ---- how long an answer holds ----


def lookups(asked):
    return sum(kind == name_server.A for _, kind, _ in asked)


def closing(handler):
    """So that each request has to connect."""
    handler.close_connection = True
    handler.reply(200, {"Connection": "close"}, b"")


@pytest.mark.parametrize("ttl", [0, 300])
def test_an_answer_is_kept_as_long_as_it_says(ttl):
    with backend.sink(closing) as server:
        told, asked, diagnostics = export(has("127.0.0.1", ttl=ttl), server.server_port)
    check_exported(told, diagnostics)
    assert len(server.requests) > 1
    assert lookups(asked) == (1 if ttl else len(server.requests))


def test_a_connection_that_stands_needs_no_other_answer():
    with backend.sink() as server:
        told, asked, diagnostics = export(has("127.0.0.1", ttl=0), server.server_port)
    check_exported(told, diagnostics)
    assert len(server.requests) > 1 and lookups(asked) == 1


# ---- proxies ----


class Proxy:
    """Connects to one port, whatever it is told."""

    def __init__(self, port):
        self.port = port
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.threads = [threading.Thread(target=self.serve)]
        self.threads[0].start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            if not client.recv(1, socket.MSG_PEEK):
                client.close()
                return
            self.take(client)

    def take(self, client):
        done = self.listen_to(client)
        server = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(done)
        for way in ((client, server), (server, client)):
            self.threads.append(threading.Thread(target=pass_on, args=way))
            self.threads[-1].start()

    def close(self):
        socket.create_connection(self.listener.getsockname()).close()
        for thread in self.threads:
            thread.join()
        self.listener.close()


class SocksProxy(Proxy):
    """It is told by a name or by an address (RFC 1928)."""

    def listen_to(self, client):
        (_, count), _ = client.recv(2), client.recv(255, socket.MSG_PEEK)
        client.recv(count)
        client.sendall(b"\x05\x00")
        kind = client.recv(4)[3]
        size = {1: 4, 4: 16}.get(kind) or client.recv(1)[0]
        self.asked.append((kind, client.recv(size)))
        client.recv(2)
        return b"\x05\x00\x00\x01" + bytes(6)


class TunnelProxy(Proxy):
    """It is told by CONNECT."""

    def listen_to(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.asked.append(head.split()[1].decode())
        return b"HTTP/1.1 200 OK\r\n\r\n"


def pass_on(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def names(asked):
    return {name.split(".")[0] for name, _, _ in asked}


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy", "ALL_PROXY"])
def test_a_proxy_is_looked_up_and_the_collector_is_its_own_to_find(variable):
    with backend.sink() as proxy:
        url = f"http://proxy.example:{proxy.server_port}"
        told, asked, diagnostics = export(zone(proxy=LOOPBACK), 4318, **{variable: url})
    check_exported(told, diagnostics)
    assert names(asked) == {"proxy"}
    assert {request["path"] for request in proxy.requests} == {f"http://{NAME}:4318/v1/traces"}


def test_a_collector_that_no_proxy_is_for_is_looked_up_and_the_proxy_is_not():
    with backend.sink() as server:
        told, asked, diagnostics = export(
            zone(collector=LOOPBACK),
            server.server_port,
            http_proxy="http://proxy.example:1",
            NO_PROXY=".example",
        )
    check_exported(told, diagnostics)
    assert names(asked) == {"collector"}


@pytest.mark.parametrize(
    ("protocol", "variable"), [("http/protobuf", "https_proxy"), ("grpc", "HTTPS_PROXY")]
)
def test_a_proxy_of_tls_is_looked_up_and_the_certificate_held_to_the_collector(
    protocol, variable, tmp_path
):
    certificate, key = backend.certify(tmp_path, "names", f"DNS:{NAME}")
    with tls_sink(protocol, certificate, key) as server:
        proxy = TunnelProxy(server.server_port)
        settings = {
            variable: f"http://proxy.example:{proxy.listener.getsockname()[1]}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        }
        told, asked, diagnostics = export(zone(proxy=LOOPBACK), 4317, scheme="https", **settings)
        proxy.close()
    check_exported(told, diagnostics)
    assert names(asked) == {"proxy"}
    assert set(proxy.asked) == {f"{NAME}:4317"}


@pytest.mark.parametrize(("scheme", "kind"), [("socks5", 1), ("socks5h", 3)])
def test_a_proxy_that_wants_the_address_gets_it_and_one_that_wants_the_name_that(scheme, kind):
    with backend.sink() as server:
        proxy = SocksProxy(server.server_port)
        told, asked, diagnostics = export(
            zone(collector=LOOPBACK, proxy=LOOPBACK),
            server.server_port,
            all_proxy=f"{scheme}://proxy.example:{proxy.listener.getsockname()[1]}",
        )
        proxy.close()
    check_exported(told, diagnostics)
    wanted = {(1, bytes([127, 0, 0, 1])), (3, NAME.encode())}
    assert set(proxy.asked) == {one for one in wanted if one[0] == kind}
    assert names(asked) == {"proxy"} | ({"collector"} if kind == 1 else set())


# ---- where there is none ----

FAILURES = {
    "there is none": says(name_server.NOT_THERE),
    "it has failed": says(name_server.FAILED),
    "no answer": silent,
    "garbage": garbage,
    "an answer that is cut off": name_server.cut_short,
    "no address": has(),
    "nobody there": has("127.66.66.66"),
}


def meet(name):
    told, _, diagnostics = export(FAILURES[name], 1, QUICK_MS, test_loop.TIMEOUT_MS)
    return told, diagnostics


@pytest.fixture(scope="module", name="met")
def fixture_met():
    return test_loop.at_once(meet, FAILURES)


@pytest.mark.parametrize("name", FAILURES)
def test_without_an_address_the_loop_a_flush_and_a_shutdown_go_on(name, met):
    told, diagnostics = met[name]
    assert told["turns"] >= SPANS  # of 150
    assert told["ended"] == told["failed"] == SPANS + LAST
    assert told["flush"] in (ETIMEDOUT, EEXPORT)
    assert told["shutdown"] in (ETIMEDOUT, EEXPORT)
    for call in ("flush_ms", "shutdown_ms"):
        assert told[call] <= test_loop.TIMEOUT_MS + test_loop.SLACK_MS + test_loop.BUSY_MS
    assert diagnostics and not [line for line in diagnostics if "looks up" in line]


def test_why_there_is_no_address_is_said(met):
    _, diagnostics = met["there is none"]
    assert f"no address of {NAME}: Domain name not found" in diagnostics[0]
