"""Peers that misbehave on a socket: what stands in for a collector in an outage."""

import contextlib
import itertools
import random
import re
import socket
import socketserver
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from hyperframe import frame

DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Peer(socketserver.ThreadingTCPServer):
    """Calls `behave(connection, number)` for each connection; the first one's number is 0."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, behave):
        super().__init__(("127.0.0.1", 0), Visit)
        self.behave = behave
        self.numbers = itertools.count()


class Visit(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            self.server.behave(self.request, next(self.server.numbers))


# ---- what is done to a connection ----


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_to_the_end(connection):
    while connection.recv(65536):
        pass


def read_request(connection):
    """Whether there was one of HTTP/1.1, whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return False
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    size = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(body) < size:
        piece = connection.recv(65536)
        if not piece:
            return False
        body += piece
    return True


# ---- any protocol ----


def silent(connection, number):
    read_to_the_end(connection)


def closes_at_once(connection, number):
    pass


def resets_at_once(connection, number):
    reset(connection)


def resets_amid_the_request(connection, number):
    connection.recv(1000)
    reset(connection)


def reads_a_kilobyte_a_second(connection, number):
    while connection.recv(100):
        time.sleep(0.1)


# ---- HTTP/1.1 ----


def answers(*pieces, pause=0.0):
    """Each request with these pieces, with a pause before each; then the connection is over."""

    def behave(connection, number):
        if read_request(connection):
            for piece in pieces:
                time.sleep(pause)
                connection.sendall(piece)

    return behave


def drips(content, pause):
    """Each request with these bytes, one at a time."""
    return answers(*(content[i : i + 1] for i in range(len(content))), pause=pause)


def without_end(head, piece):
    """An answer that never ends, as fast as it is read."""

    def behave(connection, number):
        if read_request(connection):
            connection.sendall(head)
            while True:
                connection.sendall(piece)

    return behave


def speaks_http_1(connection, number):
    """To whoever begins with something else."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    read_to_the_end(connection)


def busy_proxy(connection, number):
    """For CONNECT too."""
    if connection.recv(65536):
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        read_to_the_end(connection)


def closes_without_an_answer(connection, number):
    read_request(connection)


def resets_instead_of_an_answer(connection, number):
    read_request(connection)
    reset(connection)


def answers_late(connection, number):
    """Latency with jitter."""
    while read_request(connection):
        time.sleep(random.uniform(0.02, 0.4))
        connection.sendall(DONE)


def closes_late(connection, number):
    """An answer that ends with its connection, which ends late."""
    if read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        time.sleep(0.3)


def heals(first, count, then):
    """`count` connections of the one kind, and all others of the other."""
    return lambda connection, number: (first if number < count else then)(connection, number)


# ---- HTTP/2 ----

GRPC_HEADERS = ((":status", "200"), ("content-type", "application/grpc"))
EMPTY_MESSAGE = bytes(5)


def trailers(status="0", *more):
    return (("grpc-status", status), *more)


class Call:
    """A request that has arrived, or a connection that has begun (`stream` is 0)."""

    def __init__(self, connection, state, stream, number):
        self.connection = connection
        self.state = state
        self.stream = stream
        self.number = number

    def headers(self, headers, ends=False):
        self.state.send_headers(self.stream, headers, end_stream=ends)

    def data(self, content, ends=False):
        self.state.send_data(self.stream, content, end_stream=ends)

    def answer(self, message=EMPTY_MESSAGE, headers=GRPC_HEADERS, ends=None):
        self.headers(headers)
        self.data(message)
        self.headers(ends or trailers(), ends=True)

    def flush(self):
        self.connection.sendall(self.state.data_to_send())

    def raw(self, *frames):
        """Frames as they are, which no state machine looks at."""
        self.flush()
        self.connection.sendall(b"".join(one.serialize() for one in frames))

    def reset(self, code):
        self.raw(frame.RstStreamFrame(self.stream, code))

    def go_away(self, last_stream, code=0):
        self.raw(frame.GoAwayFrame(0, last_stream_id=last_stream, error_code=code))

    def for_ever(self, *frames):
        while True:
            self.raw(*frames)


def answered(call):
    call.answer()


def speaks_h2(answer=answered, begin=None, opens_window=True):
    """`begin` is called with a connection, `answer` with each request that has arrived whole."""

    def behave(connection, number):
        state = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
            )
        )
        state.initiate_connection()
        Call(connection, state, 0, number).flush()
        if begin:
            begin(Call(connection, state, 0, number))
        while data := connection.recv(65536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.DataReceived) and opens_window:
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, h2.events.StreamEnded):
                    answer(Call(connection, state, event.stream_id, number))
            connection.sendall(state.data_to_send())

    return behave


def first(one, then=answered):
    """What is done on the first connection; on all others, the second."""
    return lambda call: (then if call.number else one)(call)


def resets_stream(code):
    return lambda call: call.reset(code)


def settles_and_resets(code):
    """A status with a reset behind it, as servers do that have not read all (RFC 9113 8.1)."""

    def answer(call):
        call.answer()
        call.reset(code)

    return answer


def goes_away(last_stream, code=0):
    """And closes, though the client may still send."""

    def answer(call):
        call.go_away(last_stream, code)
        call.connection.shutdown(socket.SHUT_WR)

    return answer


def goes_away_and_answers(call):
    """A server that is about to leave ends what it has begun."""
    call.go_away(call.stream)
    call.answer()


def answers_http(status, content=b"no"):
    """As a proxy does that knows nothing of gRPC."""

    def answer(call):
        call.headers(((":status", status), ("content-type", "text/plain")))
        call.data(content, ends=True)

    return answer


def only_trailers(*fields):
    return lambda call: call.headers((*GRPC_HEADERS, *fields), ends=True)


def without_trailers(call):
    call.headers(GRPC_HEADERS)
    call.data(EMPTY_MESSAGE, ends=True)


def never_ends(call):
    call.headers(GRPC_HEADERS)
    call.data(EMPTY_MESSAGE)


def compressed(content):
    """Nobody has asked for it."""
    message = b"\1" + struct.pack(">I", len(content)) + content
    return lambda call: call.answer(message, (*GRPC_HEADERS, ("grpc-encoding", "gzip")))


def five_megabytes(call):
    """Within the window that libcurl opens."""
    call.headers(GRPC_HEADERS)
    for _ in range(5 * 64):
        call.data(bytes(16384))
        call.flush()


def interim_first(call):
    for _ in range(3):
        call.headers(((":status", "103"), ("link", "x" * 1000)))
    call.answer()


def resets_amid(call):
    """Behind the message and before its status."""
    never_ends(call)
    call.reset(2)


def empty_data_without_end(call):
    call.headers(GRPC_HEADERS)
    call.for_ever(*[frame.DataFrame(call.stream)] * 100)


def continues_without_end(call):
    """A list of headers that never ends."""
    call.raw(frame.HeadersFrame(call.stream, b"\x88"))
    call.for_ever(frame.ContinuationFrame(call.stream, b"\x00\x01a\x01b" * 1000))


def settings_without_end(call):
    call.for_ever(*[frame.SettingsFrame(0, {3: 100})] * 100)


def pings_without_end(call):
    call.for_ever(*[frame.PingFrame(0, b"12345678")] * 100)
