"""A backend for the OTLP exporter that answers what a test says, and the client that exports to
it."""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import struct
import subprocess
import threading
import time

import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

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

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.requests = []
        self.lock = threading.Lock()

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
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(port, scenario="plain", timeout_ms=5000, **environment):
    """Run the client; returns its line about itself, and what the library had to say."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    done = subprocess.run(
        [CLIENT, "otlp", scenario, str(timeout_ms)],
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


def partial_success(rejected, message):
    response = service.ExportTraceServiceResponse()
    response.partial_success.rejected_spans = rejected
    response.partial_success.error_message = message
    return response.SerializeToString()
