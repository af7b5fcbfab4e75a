"""OTLP: the plugin that is installed beside the core, from a real process to a real server."""

import http.server
import os
import subprocess
import sys
import threading

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from conftest import attributes_of

PROGRAM = """
from impact_stack.observability import tracing
tracing.init_tracing({"service.name": "shop"})

@tracing.new_span("work", args_as={"number": "number"})
def work(number):
    return number

work(5)
"""


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps the requests that it is sent."""

    def do_POST(self):
        """Decode an export."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        self.server.received.append((self.path, self.headers["X-Key"], request))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Be silent."""


def test_what_is_left_at_exit_is_exported():
    """Endpoint and headers come from the environment; nobody flushes."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.received = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        environment = {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret",
        }
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, **environment},
            check=True,
            timeout=60,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    [(path, key, request)] = server.received
    assert (path, key) == ("/v1/traces", "secret")
    [resource_spans] = request.resource_spans
    assert attributes_of(resource_spans.resource)["service.name"] == "shop"
    [span] = resource_spans.scope_spans[0].spans
    assert (span.name, attributes_of(span)) == ("work", {"number": 5})
