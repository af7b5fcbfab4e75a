"""Backends for the OTLP exporter that answer what a test says, and the client that exports to
them."""

import base64
import concurrent.futures
import contextlib
import gzip
import http.server
import json
import os
import pathlib
import socket
import struct
import subprocess
import threading
import time

import grpc
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc

BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build")).resolve()
CLIENT = BUILD / "tests/integration/export_client"
SPANS = 10  # of the scenarios but "rich"
OK, ETIMEDOUT, EEXPORT = 0, -3, -7

needs_otlp = pytest.mark.skipif(
    not (BUILD / "src/libimpact-otlp.so.0").exists(), reason="built without the OTLP exporter"
)


class Sink(http.server.ThreadingHTTPServer):
    """Keeps requests, and answers the first with the first of `answers`; the last answer stays."""

    daemon_threads = True

    def __init__(self, answers, is_listening=True, port=0):
        super().__init__(("127.0.0.1", port), Handler, bind_and_activate=False)
        self.server_bind()
        if is_listening:
            self.server_activate()  # before it every connection is refused
        self.answers = answers
        self.requests = []
        self.lock = threading.Lock()

    def begin(self):
        """The backend is there."""
        self.server_activate()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            return self.answers[min(len(self.requests), len(self.answers)) - 1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.take(
            {
                "path": self.requestline.split()[
                    1
                ],  # http.server joins the first slashes of self.path
                "headers": self.headers,
                "body": body,
                "peer": self.client_address,
                "at": time.monotonic(),
            }
        )
        if callable(answer):
            answer(self)
            return
        self.reply(*answer)

    def reply(self, status, headers, content):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the client may have read enough
            self.wfile.write(content)

    def log_message(self, format, *args):
        pass


def reset(handler):
    """End the connection with a RST instead of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def close(handler):
    """End the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


@contextlib.contextmanager
def sink(*answers):
    server = Sink(answers or [(200, {}, b"")])
    server.begin()
    try:
        yield server
    finally:
        server.end()


@contextlib.contextmanager
def full_peer():
    """Listens, and takes no connection: as many wait as may."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(server.getsockname())
        yield server.getsockname()[1]


# ---- gRPC ----


class Servicer(trace_service_pb2_grpc.TraceServiceServicer):
    """As Sink; an answer is a response, or is called with the call's context."""

    def __init__(self, answers):
        self.answers = answers
        self.requests = []
        self.lock = threading.Lock()

    def Export(self, request, context):
        with self.lock:
            self.requests.append(
                {
                    "message": request,
                    "headers": dict(context.invocation_metadata()),
                    "peer": context.peer(),
                    "at": time.monotonic(),
                }
            )
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        return answer(context) if callable(answer) else answer


@contextlib.contextmanager
def grpc_sink(*answers, credentials=None, address="127.0.0.1:0", options=()):
    """A server of gRPC; `server_port` is where it listens."""
    servicer = Servicer(answers or [service.ExportTraceServiceResponse()])
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=options)
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(servicer, server)
    if credentials:
        servicer.server_port = server.add_secure_port(address, credentials)
    else:
        servicer.server_port = server.add_insecure_port(address)
    server.start()
    try:
        yield servicer
    finally:
        server.stop(None).wait()


# ---- TLS ----


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


def certify(folder, name, whose="IP:127.0.0.1"):
    """A certificate of its own authority for the loopback address or a name, and its key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    openssl(
        *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        *["-nodes", "-days", "2", "-subj", f"/CN={name}"],
        *["-addext", f"subjectAltName={whose}", "-keyout", key, "-out", certificate],
    )
    return certificate, key


AUTHORITY = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
rand_serial = yes
new_certs_dir = {folder}
default_md = sha256
policy = any
x509_extensions = loopback
[any]
commonName = supplied
[loopback]
subjectAltName = IP:127.0.0.1
"""


def certify_for_the_past(folder):
    """As certify, and it was valid for a day of 2020."""
    settings, request = folder / "authority.cnf", folder / "request"
    certificate, key = folder / "past.crt", folder / "past.key"
    settings.write_text(AUTHORITY.format(folder=folder))
    (folder / "index.txt").write_text("")
    openssl(
        *["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        *["-nodes", "-subj", "/CN=past", "-keyout", key, "-out", request],
    )
    openssl(
        *["ca", "-selfsign", "-batch", "-notext", "-config", settings, "-keyfile", key],
        *["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"],
        *["-in", request, "-out", certificate],
    )
    return certificate, key


# ---- what was sent ----


def with_base64_ids(value, key=""):
    """Turn OTLP's ids, which are hex, into what the general mapping of protobuf has."""
    if isinstance(value, dict):
        return {name: with_base64_ids(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_base64_ids(inner) for inner in value]
    if key in ("traceId", "spanId", "parentSpanId"):
        return base64.b64encode(bytes.fromhex(value)).decode()
    return value


def message_of(request):
    """The official class's view of a request, whatever the protocol."""
    if "message" in request:
        return request["message"]
    body = request["body"]
    if request["headers"]["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    if request["headers"]["Content-Type"] == "application/json":
        document = with_base64_ids(json.loads(body))
        return json_format.ParseDict(document, service.ExportTraceServiceRequest())
    return service.ExportTraceServiceRequest.FromString(body)


def spans_of(request):
    return [
        span
        for resource_spans in message_of(request).resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


# ---- the client ----


def run(port, scenario="plain", timeout_ms=5000, exporter="otlp", **environment):
    """Run the client; returns its line about itself, and what the library had to say."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    done = subprocess.run(
        [CLIENT, exporter, scenario, str(timeout_ms)],
        env={
            **own,
            "IMPACT_PLUGIN_PATH": str(BUILD / "src"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = done.stderr.splitlines()
    (result,) = [json.loads(line) for line in lines if line.startswith("{")]
    diagnostics = [line for line in lines if line.startswith("impact: ")]
    assert len(lines) == 1 + len(diagnostics)
    assert result["balanced"]
    return result, diagnostics


def counters(result):
    return result["status"], result["exported"], result["rejected"], result["failed"]


def waits(result):
    """The backend is away: a flush says so, and the spans wait for it."""
    return counters(result) == (EEXPORT, 0, 0, 0) and result["queued"] == SPANS


def partial_success(rejected, message):
    response = service.ExportTraceServiceResponse()
    response.partial_success.rejected_spans = rejected
    response.partial_success.error_message = message
    return response.SerializeToString()
