"""What each answer of a backend means for the spans, to the span, and what is told of it."""

import contextlib
import json
import socket
import socketserver
import threading

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

from backend import (
    EEXPORT,
    OK,
    SPANS,
    counters,
    needs_otlp,
    partial_success,
    reset,
    run,
    sink,
    waits,
)

SIZED = 100  # spans of the scenarios "large" and "uneven"
MEGABYTE = 1024 * 1024

pytestmark = needs_otlp


def names_in(body):
    message = service.ExportTraceServiceRequest.FromString(body)
    return [
        span.name
        for resource_spans in message.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


# ---- 413: a request is too large for the backend ----


class Choosy:
    """Takes requests of up to `limit` bytes, answers 413 to larger ones, and says which spans it
    has."""

    def __init__(self, limit, content=b""):
        self.limit = limit
        self.content = content
        self.names = []
        self.refused_sizes = []

    def __call__(self, handler):
        body = handler.server.requests[-1]["body"]
        if len(body) > self.limit:
            self.refused_sizes.append(len(body))
            handler.reply(413, {}, b"larger than I like")
            return
        self.names += names_in(body)
        handler.reply(200, {}, self.content)


def test_too_large_requests_are_halved_until_all_spans_are_taken():
    choosy = Choosy(MEGABYTE)
    with sink(choosy) as server:
        result, diagnostics = run(server.server_port, "large", timeout_ms=30000)
    assert counters(result) == (OK, SIZED, 0, 0)
    assert choosy.names == [str(i) for i in range(SIZED)]
    assert diagnostics == []
    # 10 MB are halved four times; the rest of the batch keeps to what was found.
    assert len(choosy.refused_sizes) == 4
    assert choosy.refused_sizes == sorted(choosy.refused_sizes, reverse=True)


def test_the_one_span_that_is_too_large_is_dropped_and_counted():
    choosy = Choosy(200_000)
    with sink(choosy) as server:
        result, diagnostics = run(server.server_port, "uneven", timeout_ms=30000)
    assert counters(result) == (EEXPORT, SIZED - 1, 1, 0)
    assert choosy.names == [str(i) for i in range(SIZED) if i != SIZED // 2]
    (line,) = diagnostics
    assert "HTTP status 413: larger than I like" in line


def test_a_backend_that_takes_no_size_at_all_is_not_asked_for_each_span():
    choosy = Choosy(0)
    with sink(choosy) as server:
        result, _ = run(server.server_port, "large", timeout_ms=30000)
    assert counters(result) == (EEXPORT, 0, SIZED, 0)
    assert len(choosy.refused_sizes) < SIZED / 2


def test_partial_success_of_each_half_is_counted():
    choosy = Choosy(MEGABYTE, partial_success(1, "one too many"))
    with sink(choosy) as server:
        result, _ = run(server.server_port, "large", timeout_ms=30000)
        taken = len(server.requests) - len(choosy.refused_sizes)
    assert taken > 1
    assert counters(result) == (EEXPORT, SIZED - taken, taken, 0)


def test_an_outage_between_the_halves_is_tried_again():
    choosy = Choosy(MEGABYTE)
    with sink(choosy, (503, {}, b"busy"), choosy, (503, {}, b"busy"), choosy) as server:
        result, diagnostics = run(server.server_port, "large", timeout_ms=30000)
    assert counters(result) == (OK, SIZED, 0, 0)
    assert choosy.names == [str(i) for i in range(SIZED)]
    assert diagnostics == []


def test_what_was_taken_before_the_time_ran_out_counts_as_taken():
    choosy = Choosy(MEGABYTE)
    busy = (503, {"Retry-After": "3600"}, b"busy")
    with sink(*[choosy] * 6, busy) as server:  # four are refused, two are taken
        result, diagnostics = run(server.server_port, "large", timeout_ms=30000)
    taken = len(choosy.names)
    assert 0 < taken < SIZED
    assert counters(result) == (EEXPORT, taken, SIZED - taken, 0)
    assert len(diagnostics) == 1 and "HTTP status 503: busy" in diagnostics[0]


class HeadReader(socketserver.BaseRequestHandler):
    """Refuses as a proxy does: without having read the body; then it lets the client finish."""

    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(4096)
        self.request.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        self.request.shutdown(socket.SHUT_WR)
        while self.request.recv(65536):
            pass


def test_a_refusal_amid_the_upload_is_heard():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HeadReader) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        result, diagnostics = run(server.server_address[1], "large", timeout_ms=30000)
        server.shutdown()
        thread.join()
    assert counters(result) == (EEXPORT, 0, SIZED, 0)
    assert "HTTP status 413" in diagnostics[0]


# ---- answers above the limit ----


@pytest.mark.parametrize("status", [200, 400, 429, 502, 503, 504])
def test_an_answer_above_the_limit_is_final_whatever_its_status(status):
    with sink((status, {"Retry-After": "0"}, b"x" * (5 * MEGABYTE)), (200, {}, b"")) as server:
        result, diagnostics = run(server.server_port)
    assert counters(result) == (EEXPORT, 0, SPANS, 0)
    assert len(server.requests) == 1
    assert len(diagnostics) == 1 and f"too large: HTTP status {status}" in diagnostics[0]


def test_an_answer_at_the_limit_is_read():
    with sink((503, {}, b"x" * (4 * MEGABYTE)), (200, {}, b"")) as server:
        result, diagnostics = run(server.server_port, timeout_ms=20000)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert len(server.requests) == 2
    assert diagnostics == []


# ---- answers that end too early ----


def cut_off(status, content):
    """An answer whose connection ends amid its body."""

    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content) + 1000))
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()
        with contextlib.suppress(OSError):
            handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    return answer


def test_spans_that_were_taken_are_not_sent_again_when_the_answer_is_cut_off():
    with sink(cut_off(200, partial_success(3, "quota")[:4])) as server:
        result, diagnostics = run(server.server_port)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert len(server.requests) == 1
    assert len(diagnostics) == 1 and "cut off" in diagnostics[0]


def test_a_refusal_that_is_cut_off_is_a_refusal():
    with sink(cut_off(400, b"bad spans, since")) as server:
        result, diagnostics = run(server.server_port)
    assert counters(result) == (EEXPORT, 0, SPANS, 0)
    assert len(server.requests) == 1
    assert "HTTP status 400: bad spans, since" in diagnostics[0]


def test_a_busy_answer_that_is_cut_off_is_tried_again():
    with sink(cut_off(503, b"bu"), cut_off(429, b""), (200, {}, b"")) as server:
        result, diagnostics = run(server.server_port, timeout_ms=20000)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert len(server.requests) == 3
    assert diagnostics == []


# ---- the provider shuts down ----


def test_a_shutdown_does_not_wait_for_a_backend_that_is_away():
    with socket.socket() as bound:  # bound and not listening: every connection is refused
        bound.bind(("127.0.0.1", 0))
        result, diagnostics = run(bound.getsockname()[1], "shutdown", timeout_ms=50000)
    assert counters(result) == (EEXPORT, 0, 0, SPANS)
    assert result["took_ms"] < 10000
    assert len(diagnostics) == 1


def test_a_shutdown_does_not_wait_for_a_pause_that_outlasts_it():
    with sink((503, {"Retry-After": "40"}, b"busy")) as server:
        result, _ = run(server.server_port, "shutdown", timeout_ms=30000)
    assert counters(result) == (EEXPORT, 0, 0, SPANS)
    assert result["took_ms"] < 10000
    assert len(server.requests) == 1


def test_a_shutdown_asks_a_busy_backend_again():
    with sink((503, {"Retry-After": "1"}, b"busy"), reset, (200, {}, b"")) as server:
        result, diagnostics = run(server.server_port, "shutdown", timeout_ms=30000)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert diagnostics == []


# ---- why a backend refused ----


def status_class():
    """google.rpc.Status (google/rpc/status.proto) but for its details."""
    file = descriptor_pb2.FileDescriptorProto(name="status.proto", package="google.rpc")
    file.syntax = "proto3"
    message = file.message_type.add(name="Status")
    for name, number, kind in (("code", 1, 5), ("message", 2, 9)):  # int32, string
        message.field.add(name=name, number=number, type=kind, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("google.rpc.Status"))


def protobuf_status(message):
    return status_class()(code=3, message=message).SerializeToString()


def told(content, content_type, status=400):
    """What is said after the status of an answer with that body."""
    headers = {"Content-Type": content_type} if content_type else {}
    with sink((status, headers, content)) as server:
        result, diagnostics = run(server.server_port)
    assert counters(result) == (EEXPORT, 0, SPANS, 0)
    (line,) = diagnostics
    before, _, after = line.partition(f"HTTP status {status}")
    assert before.startswith("impact: ")
    return after


PROTOBUF, JSON, TEXT = "application/x-protobuf", "application/json", "text/plain"


@pytest.mark.parametrize(
    "content, content_type, reason",
    [
        (protobuf_status("over quota: 5 of 4"), PROTOBUF, ": over quota: 5 of 4"),
        (protobuf_status("über Quote"), None, ": über Quote"),
        (protobuf_status(""), PROTOBUF, ""),
        (b"\x12\x7fshort", PROTOBUF, ""),
        (
            json.dumps({"code": 8, "message": 'no "room"\n\u20ac \U0001f600'}).encode(),
            JSON,
            ': no "room" \u20ac \U0001f600',
        ),
        (b'{"details": [{"message": "inner"}], "message": "outer"}', JSON, ": outer"),
        (b'{"error": {"message": "inner"}}', JSON, ': {"error": {"message": "inner"}}'),
        (b'{"message": ', JSON, ': {"message":'),
        (b"  invalid\r\n\r\n  token \x7f\n", TEXT, ""),
        (b"  invalid\r\n\r\n  token\n", TEXT, ": invalid token"),
        ("\u009b31m\u0085red".encode(), TEXT, ": 31m red"),
        (b"<h1>Too Large</h1>", "text/html", ": <h1>Too Large</h1>"),
        (b"\x1f\x8b\x08\x00 compressed", "text/plain", ""),
        (b"%s %n %p", TEXT, ": %s %n %p"),
        (b"", None, ""),
    ],
)
def test_the_reason_of_a_refusal_is_told(content, content_type, reason):
    assert told(content, content_type) == reason


@pytest.mark.parametrize(
    "wrap", [protobuf_status, lambda text: json.dumps({"message": text}).encode(), str.encode]
)
def test_a_long_reason_is_cut_at_200_bytes_behind_a_whole_character(wrap):
    assert told(wrap("x" * 199 + "\u20ac" * 1000), None) == ": " + "x" * 199
    assert told(wrap("x" * 197 + "\u20ac" * 1000), None) == ": " + "x" * 197 + "\u20ac"


def test_the_reason_of_a_refusal_is_told_too_when_the_time_has_run_out():
    busy = (503, {"Retry-After": "3600"}, protobuf_status("down for\tmaintenance"))
    with sink(busy) as server:
        result, diagnostics = run(server.server_port)
    assert waits(result)
    assert diagnostics[0].endswith("HTTP status 503: down for maintenance")


def test_a_message_of_partial_success_is_one_line_of_200_bytes():
    with sink((200, {}, partial_success(1, "a\r\nb\x1b[31m" + "c" * 1000))) as server:
        result, diagnostics = run(server.server_port)
    assert counters(result) == (EEXPORT, SPANS - 1, 1, 0)
    assert diagnostics[0].endswith("spans: a b [31m" + "c" * (200 - len("a b [31m")))
