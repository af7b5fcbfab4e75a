"""gRPC, JSON, gzip and sockets: what an answer means in each, and what goes wrong with them. That
all of a span arrives in each is in test_otlp.py."""

import gzip
import socketserver
import threading

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

import backend
from backend import EEXPORT, OK, SPANS, counters, grpc_sink, run, sink

pytestmark = backend.needs_otlp

JSON = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}
GRPC = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
GZIP = {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}


# ---- gRPC: codes ----


def aborts(code, message, trailers=()):
    """An answer that is a status and nothing else."""

    def answer(context):
        context.set_trailing_metadata(trailers)
        context.abort(code, message)

    return answer


def retry_info(seconds):
    """The trailer with google.rpc.RetryInfo."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=seconds)))
    status = status_pb2.Status(code=8, message="later", details=[detail])
    return (("grpc-status-details-bin", status.SerializeToString()),)


DONE = service.ExportTraceServiceResponse()


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    ],
)
def test_codes_that_may_go_better_are_tried_again(code):
    with grpc_sink(aborts(code, "busy"), DONE) as server:
        result, diagnostics = run(server.server_port, timeout_ms=20000, **GRPC)
    assert diagnostics == []
    assert counters(result) == (OK, SPANS, 0, 0)
    first, second = server.requests
    assert first["message"] == second["message"]


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAUTHENTICATED,
    ],
)
def test_other_codes_are_final_and_their_message_is_told(code):
    with grpc_sink(aborts(code, "nöt like this")) as server:
        result, diagnostics = run(server.server_port, **GRPC)
    assert counters(result) == (EEXPORT, 0, SPANS, 0)
    assert len(server.requests) == 1
    (line,) = diagnostics
    number, _ = code.value
    assert line.endswith(
        f"refused {SPANS} spans: gRPC status {number} ({code.name}): nöt like this"
    )


def test_exhausted_resources_are_waited_for_as_long_as_the_server_says():
    exhausted = aborts(grpc.StatusCode.RESOURCE_EXHAUSTED, "later", retry_info(1))
    with grpc_sink(exhausted, DONE) as server:
        result, diagnostics = run(server.server_port, timeout_ms=20000, **GRPC)
    assert diagnostics == []
    assert counters(result) == (OK, SPANS, 0, 0)
    first, second = server.requests
    assert 1.0 <= second["at"] - first["at"] <= 10


def test_a_request_above_the_servers_limit_is_halved():
    """With the code for exhausted resources, and a message that every server words on its own."""
    limit = (("grpc.max_receive_message_length", 1 << 20),)
    with grpc_sink(options=limit) as server:
        time = {"timeout_ms": 50000, "OTEL_EXPORTER_OTLP_TIMEOUT": "50000"}  # of a busy machine
        result, diagnostics = run(server.server_port, "large", **time, **GRPC)
    assert diagnostics == []
    assert (result["exported"], result["rejected"]) == (100, 0)
    names = sorted(
        int(span.name) for request in server.requests for span in backend.spans_of(request)
    )
    assert names == list(range(100))


def test_partial_success_is_counted_over_grpc():
    answer = service.ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "too old"
    with grpc_sink(answer) as server:
        result, diagnostics = run(server.server_port, **GRPC)
    assert counters(result) == (EEXPORT, SPANS - 3, 3, 0)
    assert len(server.requests) == 1
    assert len(diagnostics) == 1 and diagnostics[0].endswith("rejected 3 of 10 spans: too old")


def test_a_compressed_answer_is_read():
    """Nobody asked for one."""

    def answer(context):
        context.set_compression(grpc.Compression.Gzip)
        response = service.ExportTraceServiceResponse()
        response.partial_success.rejected_spans = 2
        response.partial_success.error_message = "x" * 1000
        return response

    with grpc_sink(answer) as server:
        result, _ = run(server.server_port, **GRPC)
    assert counters(result) == (EEXPORT, SPANS - 2, 2, 0)


def test_headers_are_metadata():
    with grpc_sink() as server:
        run(server.server_port, OTEL_EXPORTER_OTLP_HEADERS="api-key=secret%20one", **GRPC)
    (request,) = server.requests
    assert request["headers"]["api-key"] == "secret one"


def test_a_server_of_http_is_none_of_grpc():
    """It answers the first frame with something else, or not at all."""
    with sink() as server:
        result, diagnostics = run(server.server_port, timeout_ms=1500, **GRPC)
    assert result["exported"] == 0
    assert len(diagnostics) == 1


# ---- JSON ----


def test_partial_success_is_read_from_json():
    body = b'{"partialSuccess":{"rejectedSpans":"4","errorMessage":"t\\u006fo old"}}'
    with sink((200, {"Content-Type": "application/json"}, body)) as server:
        result, diagnostics = run(server.server_port, **JSON)
    assert counters(result) == (EEXPORT, SPANS - 4, 4, 0)
    assert diagnostics[0].endswith("rejected 4 of 10 spans: too old")


def test_an_answer_that_is_no_json_is_told_and_the_spans_are_taken():
    with sink((200, {}, b"ok")) as server:
        result, diagnostics = run(server.server_port, **JSON)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert len(diagnostics) == 1 and "not OTLP" in diagnostics[0]


def test_json_within_the_limit_is_what_counts():
    """A megabyte of a request: what fits as protobuf need not fit as JSON."""
    with sink((200, {}, b"{}")) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        result, _ = run(1, "large", CODE_ENDPOINT=url, CODE_PROTOCOL="http/json")
    assert result["exported"] == 100
    assert all(len(request["body"]) <= 1 << 20 for request in server.requests)


# ---- gzip ----


def test_code_can_ask_for_gzip():
    with sink() as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        result, _ = run(1, "large", CODE_ENDPOINT=url, CODE_COMPRESSION="gzip")
    assert result["exported"] == 100
    sizes = [
        (len(request["body"]), len(gzip.decompress(request["body"]))) for request in server.requests
    ]
    assert all(packed * 10 < plain for packed, plain in sizes)


# ---- sockets ----


class UnixSink(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    take = backend.Sink.take

    def __init__(self, path):
        super().__init__(path, UnixHandler)
        self.answers = [(200, {}, b"")]
        self.requests = []
        self.lock = threading.Lock()


class UnixHandler(backend.Handler):
    def address_string(self):
        return "unix"


def test_a_socket_of_this_machine_is_an_endpoint(tmp_path):
    path = str(tmp_path / "otlp.sock")
    server = UnixSink(path)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        result, _ = run(1, OTEL_EXPORTER_OTLP_ENDPOINT=f"unix:{path}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert counters(result) == (OK, SPANS, 0, 0)
    assert server.requests[0]["path"] == "/v1/traces"


def test_grpc_goes_over_a_socket_of_this_machine_too(tmp_path):
    path = f"unix:{tmp_path}/otlp.sock"
    with grpc_sink(address=path) as server:
        result, _ = run(1, OTEL_EXPORTER_OTLP_ENDPOINT=path, **GRPC)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert len(server.requests) == 1


# ---- TLS, forks ----


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return backend.certify(tmp_path_factory.mktemp("tls"), "collector")


def grpc_credentials(certificate):
    file, key = certificate
    return grpc.ssl_server_credentials([(key.read_bytes(), file.read_bytes())])


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1:{}", "127.0.0.1:{}"])
def test_grpc_over_tls(certificate, endpoint):
    with grpc_sink(credentials=grpc_credentials(certificate)) as server:
        result, diagnostics = run(
            1,
            "fork-export",
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint.format(server.server_port),
            OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate[0]),
            **GRPC,
        )
    assert diagnostics == []
    assert counters(result) == (OK, 2 * SPANS, 0, 0)
    before, childs, after = server.requests
    assert before["peer"] == after["peer"] != childs["peer"]


def test_grpc_without_a_scheme_is_plain_when_that_is_said():
    with grpc_sink() as server:
        result, _ = run(
            1,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"127.0.0.1:{server.server_port}",
            OTEL_EXPORTER_OTLP_INSECURE="true",
            **GRPC,
        )
    assert counters(result) == (OK, SPANS, 0, 0)
