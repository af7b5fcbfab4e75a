"""OTLP: the plugin that is installed beside the core, from a real process to a real server."""

import concurrent.futures
import os
import re
import subprocess
import sys
import threading

import flask
import grpc
import processes
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from conftest import attributes_of
from impact_stack.observability.tracing import Tracing
from impact_stack.observability.tracing.provider import TracerProvider

PROGRAM = """
from impact_stack.observability import tracing
tracing.init_tracing({"service.name": "shop"})

@tracing.new_span("work", args_as={"number": "number"})
def work(number):
    return number

work(5)
"""


def test_what_is_left_at_exit_is_exported():
    """Endpoint and headers come from the environment; nobody flushes."""
    with processes.collector() as server:
        environment = {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret",
        }
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, **environment},
            check=True,
            timeout=60,
        )
    [request] = server.requests
    assert server.heads == [("/v1/traces", "secret")]
    [resource_spans] = request.resource_spans
    assert attributes_of(resource_spans.resource)["service.name"] == "shop"
    [span] = resource_spans.scope_spans[0].spans
    assert (span.name, attributes_of(span)) == ("work", {"number": 5})


class Together(list):
    """Requests none of which is answered before so many are there."""

    def __init__(self, count):
        super().__init__()
        self.barrier = threading.Barrier(count)

    def append(self, request):
        super().append(request)
        self.barrier.wait(30)


def test_several_requests_go_at_once_where_the_environment_says_so():
    with processes.collector() as server:
        server.requests = Together(4)
        environment = server.environment(
            OTEL_BSP_MAX_CONCURRENT_EXPORTS="4", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="1"
        )
        program = PROGRAM + "work(6), work(7), work(8)"
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    server.exported.check("work", 4)


# ---- in code ----


def test_code_says_where_and_how_it_is_sent(monkeypatch):
    """The environment is asked for what the code does not say, and for nothing else."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=other")
    with processes.collector() as server:
        options = {"endpoint": f"{server.url}/in", "headers": {"x-key": "a, b"}, "timeout": 5}
        provider = TracerProvider(otlp=options)
        provider.get_tracer("test").start_span("span").end()
        assert provider.shutdown()
    assert server.heads == [("/in", "a, b")]


@pytest.mark.parametrize("options", [None, {"timeout": 5}])
def test_the_face_stands_before_the_core_in_the_user_agent(monkeypatch, options):
    """Whether the environment or the code says where spans go."""
    with processes.collector() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        provider = TracerProvider(exporters=("otlp",), otlp=options)
        provider.get_tracer("test").start_span("span").end()
        assert provider.shutdown()
    [agent] = server.agents
    version = r"\d+\.\d+\.\d+"
    assert re.fullmatch(
        f"impact-stack-observability/{version} OTel-OTLP-Exporter-C/{version}", agent
    )


def test_the_configuration_of_an_app_says_it_too():
    """The Flask extension hands it on."""
    app = flask.Flask(__name__)
    with processes.collector() as server:
        app.config.update(TRACING_OTLP={"endpoint": server.url}, TRACING_INSTRUMENTORS=[])
        tracing = Tracing()
        tracing.init_app(app, set_global_tracer_provider=False)
        tracing.tracer_provider.get_tracer("test").start_span("span").end()
        assert tracing.tracer_provider.shutdown()
    assert server.heads == [("/", None)]


@pytest.mark.parametrize(
    "options, error",
    [
        ({"endpoint": "ftp://a"}, ValueError),
        ({"endpoint": "http://a\0b"}, ValueError),
        ({"headers": {"content-length": "5"}}, ValueError),
        ({"headers": {"a b": "1"}}, ValueError),
        ({"headers": {f"h{i}": "" for i in range(65)}}, ValueError),
        ({"client_key_file": "/key.pem"}, ValueError),
        ({"timeout": -1}, ValueError),
        ({"timeout": 1e9}, ValueError),
        ({"endpiont": "http://a"}, TypeError),
        ({"endpoint": 5}, TypeError),
    ],
)
def test_what_is_not_valid_raises(options, error):
    """Setup can fail, and says so."""
    with pytest.raises(error):
        TracerProvider(otlp=options)


def test_a_file_may_be_a_path_and_a_timeout_none(tmp_path):
    """What the options may be, beside text and numbers."""
    options = {
        "endpoint": "https://127.0.0.1:1",
        "headers": {},
        "timeout": 0,
        "certificate_file": tmp_path / "ca.pem",
        "client_certificate_file": None,
    }
    TracerProvider(otlp=options).shutdown(0)


class Keeping(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self):
        self.received = []

    def Export(self, request, context):  # pylint: disable=invalid-name; the service's
        """Take an export."""
        self.received.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest.mark.parametrize("by", ["name", "protocol", "code"])
def test_spans_go_over_grpc(monkeypatch, by):
    """As opentelemetry-sdk names it, as the specification does, and in code; here with gzip."""
    servicer = Keeping()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp_proto_grpc" if by == "name" else "otlp")
    if by == "protocol":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    otlp = {"protocol": "grpc", "compression": Compression.Gzip} if by == "code" else None
    provider = TracerProvider(otlp=otlp)
    provider.get_tracer("tests").start_span("work").end()
    assert provider.force_flush(10000)
    provider.shutdown()
    server.stop(None).wait()
    (request,) = servicer.received
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "work"
