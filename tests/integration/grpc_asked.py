"""A service that is asked by gRPC's own clients, or in raw frames of HTTP/2."""

import contextlib
import socket
import subprocess

import pytest

import programs

grpc = pytest.importorskip("grpc")
health_pb2 = pytest.importorskip("grpc_health.v1.health_pb2")
health_pb2_grpc = pytest.importorskip("grpc_health.v1.health_pb2_grpc")

HealthCheckRequest = health_pb2.HealthCheckRequest
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

SERVICE = programs.BUILD / "tests/integration/grpc_service"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
TIMEOUT = programs.DEADLINE_SECONDS

needs_http2 = pytest.mark.skipif(not SERVICE.exists(), reason="built without libnghttp2")


class Asked:
    """A service, and a channel to it."""

    def __init__(self, program):
        self.program = program
        self.address = program.url().removeprefix("http://")
        self.port = int(self.address.rpartition(":")[2])
        self.told = 0
        self.channel = grpc.insecure_channel(self.address)
        self.stub = health_pb2_grpc.HealthStub(self.channel)

    def say(self, word):
        """Have it do something."""
        self.program.process.stdin.write(f"{word}\n".encode())
        self.program.process.stdin.flush()

    def tell(self, word):
        """Have it do something, and wait until that is done."""
        self.told += 1
        self.say(word)
        self.program.read_until(rf"(?s)(?:done\n.*?){{{self.told}}}")

    def check(self, service="", **metadata):
        """What is answered, or the code of the error."""
        request = HealthCheckRequest(service=service)
        try:
            return self.stub.Check(request, timeout=TIMEOUT, metadata=metadata.items()).status
        except grpc.RpcError as error:
            return error.code()


@contextlib.contextmanager
def asked(*arguments, **options):
    with programs.running([SERVICE, *arguments], stdin=subprocess.PIPE, **options) as program:
        service = Asked(program)
        with service.channel:
            yield service


def talk(port, data):
    """Send bytes, say that there are no more, and read until the end, which may come before."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(65536):
                answer += piece
    return answer


def frame(kind, flags, stream, payload):
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload


GOAWAY, PING, RST_STREAM, WINDOW_UPDATE = 7, 6, 3, 8
NO_WINDOW = frame(4, 0, 0, b"\0\4\0\0\0\0")  # INITIAL_WINDOW_SIZE is 0


def literal(name, value):
    """A field of HPACK that is not indexed (RFC 7541 6.2.2)."""
    return b"".join([b"\0", bytes([len(name)]), name, bytes([len(value)]), value])


WATCH_HEAD = b"".join(
    literal(name, value)
    for name, value in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"a"),
        (b":path", b"/grpc.health.v1.Health/Watch"), (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
    )
)  # fmt: skip


def question(service=b""):
    message = b"\x0a" + bytes([len(service)]) + service if service else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def ask(stream, service=b""):
    return frame(1, 4, stream, WATCH_HEAD) + frame(0, 1, stream, question(service))


@contextlib.contextmanager
def raw_watch(port, settings=SETTINGS, streams=(1,), service=b""):
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as client:
        client.sendall(PREFACE + settings + b"".join(ask(s, service) for s in streams))
        yield client


def read_exactly(client, size):
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_frame(client):
    head = read_exactly(client, 9)
    return (
        head[3],
        head[4],
        int.from_bytes(head[5:], "big"),
        read_exactly(client, int.from_bytes(head[:3], "big")),
    )


def read_messages(client, count):
    said = []
    while len(said) < count:
        kind, _, _, payload = read_frame(client)
        if kind == 0:
            assert payload[:6] == b"\0\0\0\0\2\x08"
            said.append(payload[6])
    return said


def read_until_end_of_stream(client):
    data = b""
    while True:
        kind, flags, _, payload = read_frame(client)
        data += payload
        if kind in (0, 1) and flags & 1:
            return data
