"""The OTLP exporter against real sockets: what arrives, decoded by the official classes, and what
each kind of outage does to the counters."""

import contextlib
import email.utils
import re
import socket
import ssl
import subprocess
import threading
import time
import uuid

import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.trace.v1 import trace_pb2

import backend
from backend import (
    BUILD,
    EEXPORT,
    OK,
    SPANS,
    counters,
    partial_success,
    run,
    sink,
    spans_of,
    waits,
)

START = 1700000000000001000
END = 1700000001500002000
TRACE_ID = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
REMOTE_ID = bytes.fromhex("b7ad6b7169203331")

pytestmark = backend.needs_otlp


# ---- what arrives ----


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [value_of(item) for item in any_value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: value_of(pair.value) for pair in any_value.kvlist_value.values}
    return getattr(any_value, kind)


def attributes_of(message):
    return {attribute.key: value_of(attribute.value) for attribute in message.attributes}


PROTOCOLS = [
    (protocol, compression)
    for protocol in ("http/protobuf", "http/json", "grpc")
    for compression in ("none", "gzip")
]


@pytest.fixture(scope="module", params=PROTOCOLS, ids="-".join)
def rich(request):
    """The client's three spans: (scope, span) by name, and the request that brought them."""
    protocol, compression = request.param
    kind = backend.grpc_sink if protocol == "grpc" else sink
    with kind() as server:
        result, diagnostics = run(
            server.server_port,
            "rich",
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            OTEL_EXPORTER_OTLP_COMPRESSION=compression,
        )
    assert diagnostics == []
    assert counters(result) == (OK, 3, 0, 0)
    (request,) = server.requests
    message = backend.message_of(request)
    (resource_spans,) = message.resource_spans
    spans = {
        span.name: (scope_spans.scope, span)
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    }
    assert set(spans) == {"GET /orders/{id}", "child", "root"}
    return {
        "protocol": protocol,
        "compression": compression,
        "request": request,
        "message": message,
        "spans": spans,
    }


def test_the_request_is_what_its_protocol_says(rich):
    """Over gRPC the server has looked at the frame, at the trailers that we take, and at more."""
    request, headers = rich["request"], rich["request"]["headers"]
    is_grpc = rich["protocol"] == "grpc"
    user_agent = headers["user-agent"] if is_grpc else headers["User-Agent"]
    assert re.search(r"^OTel-OTLP-Exporter-C/\d+\.\d+\.\d+( |$)", user_agent)  # and gRPC's
    if is_grpc:
        return
    kind = "json" if rich["protocol"] == "http/json" else "x-protobuf"
    assert headers["Content-Type"] == f"application/{kind}"
    assert headers["Content-Encoding"] == (None if rich["compression"] == "none" else "gzip")
    assert request["path"] == "/v1/traces"
    assert "Expect" not in headers


def test_no_unknown_field_is_sent(rich):
    """The official classes know every field: they write back as much as they have read. (Their
    reader of JSON refuses what it does not know.)"""
    again = service.ExportTraceServiceRequest.FromString(rich["message"].SerializeToString())
    again.DiscardUnknownFields()
    assert again == rich["message"]
    if (rich["protocol"], rich["compression"]) == ("http/protobuf", "none"):
        assert again.ByteSize() == len(rich["request"]["body"])


def test_resource_and_scopes_arrive(rich):
    resource = rich["message"].resource_spans[0].resource
    attributes = attributes_of(resource)
    assert attributes.pop("telemetry.sdk.version")
    assert uuid.UUID(attributes.pop("service.instance.id")).version == 4
    assert attributes == {
        "telemetry.sdk.name": "impact",
        "telemetry.sdk.language": "c",
        "service.name": "orders",
        "shard": 7,
        "canary": True,
    }
    scopes = {name: (scope.name, scope.version) for name, (scope, _) in rich["spans"].items()}
    assert scopes == {
        "GET /orders/{id}": ("integration", "1.2"),
        "child": ("other", ""),
        "root": ("integration", "1.2"),
    }


def test_every_field_of_a_span_arrives(rich):
    span = rich["spans"]["GET /orders/{id}"][1]
    assert span.trace_id == TRACE_ID
    assert len(span.span_id) == 8 and any(span.span_id)
    assert span.parent_span_id == REMOTE_ID
    assert span.trace_state == "a=1,b=it's"
    assert span.flags & 0xFF == 1
    assert span.flags & 0x300 == 0x300  # the parent is known to be remote
    assert span.kind == trace_pb2.Span.SPAN_KIND_SERVER
    assert span.start_time_unix_nano == START
    assert span.end_time_unix_nano == END
    assert span.status.code == trace_pb2.Status.STATUS_CODE_ERROR
    assert span.status.message == "broken"
    assert span.dropped_attributes_count == 0
    assert span.dropped_events_count == 0
    assert span.dropped_links_count == 0


def test_attributes_of_all_types_arrive(rich):
    is_ = attributes_of(rich["spans"]["GET /orders/{id}"][1])
    should = {
        "string": 'café "quoted" <&>\n',
        "bool": True,
        "int": -(2**63),
        "double": 0.1,
        "whole": 3.0,
        "strings": ["a", "bé"],
        "bools": [True, False],
        "ints": [-1, 2**63 - 1],
        "doubles": [0.5, -1e300],
        "empty": [],
        "null": None,
        "mixed": [1, "two", None, [-1, 2**63 - 1]],
        "map": {"pi": 3.25, "of": {"maps": True}, "empty": {}},
        "replaced": "twice",
    }
    assert is_ == should
    assert {k: type(v) for k, v in is_.items()} == {k: type(v) for k, v in should.items()}
    keys = [attribute.key for attribute in rich["spans"]["GET /orders/{id}"][1].attributes]
    assert len(keys) == len(set(keys))
    assert attributes_of(rich["spans"]["root"][1]) == {"bytes": b"\0\xff<>"}


def test_events_and_links_arrive(rich):
    span = rich["spans"]["GET /orders/{id}"][1]
    assert [(event.name, event.time_unix_nano, attributes_of(event)) for event in span.events] == [
        ("retry", START + 5000, {"n": 1}),
        ("again", START + 6000, {}),
    ]
    (link,) = span.links
    assert (link.trace_id, link.span_id, link.trace_state) == (TRACE_ID, REMOTE_ID, "a=1,b=it's")
    assert link.flags & 0xFF == 1
    assert link.flags & 0x300 == 0x300
    assert attributes_of(link) == {"n": 1}


def test_parents_and_roots_arrive(rich):
    server, child, root = (rich["spans"][name][1] for name in ("GET /orders/{id}", "child", "root"))
    assert child.trace_id == TRACE_ID
    assert child.parent_span_id == server.span_id
    assert child.flags & 0x300 == 0x100  # the parent is known not to be remote
    assert child.kind == trace_pb2.Span.SPAN_KIND_INTERNAL
    assert child.status.code == trace_pb2.Status.STATUS_CODE_OK
    assert root.trace_id not in (TRACE_ID, bytes(16))
    assert root.parent_span_id == b""
    assert root.trace_state == ""
    assert root.kind == trace_pb2.Span.SPAN_KIND_PRODUCER
    assert not root.HasField("status")


def test_the_environment_says_where_and_with_which_headers():
    with sink() as server:
        run(
            server.server_port,
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"http://127.0.0.1:{server.server_port}/in?a=1",
            OTEL_EXPORTER_OTLP_HEADERS="api-key=secret%20one,x=2",
        )
    (request,) = server.requests
    assert request["path"] == "/in?a=1"
    assert request["headers"]["api-key"] == "secret one"
    assert request["headers"]["x"] == "2"


# ---- TLS and forks ----


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for the loopback address that nobody trusts, and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", path, "-out", path.with_suffix(".crt")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@contextlib.contextmanager
def tls_sink(certificate):
    with sink() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server


def run_tls(server, scenario, **environment):
    endpoint = f"https://127.0.0.1:{server.server_port}"
    return run(server.server_port, scenario, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **environment)


def test_a_certificate_can_be_named(certificate):
    with tls_sink(certificate) as server:
        result, _ = run_tls(server, "plain", OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate))
    assert counters(result) == (OK, SPANS, 0, 0)


def test_an_unknown_certificate_is_refused(certificate):
    with tls_sink(certificate) as server:
        result, diagnostics = run_tls(server, "plain")
    assert counters(result) == (EEXPORT, 0, 0, SPANS)
    assert server.requests == []
    assert len(diagnostics) == 1 and "certificate" in diagnostics[0]


def test_a_child_that_closes_leaves_the_parents_tls_session(certificate):
    with tls_sink(certificate) as server:
        result, _ = run_tls(server, "fork", OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate))
    assert counters(result) == (OK, 2 * SPANS, 0, 0)
    first, second = server.requests
    assert first["peer"] == second["peer"]


def test_a_child_that_exports_leaves_the_parents_tls_session(certificate):
    """It must not close what it inherited, either: that would end the session on the wire."""
    with tls_sink(certificate) as server:
        result, _ = run_tls(server, "fork-export", OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate))
    assert counters(result) == (OK, 2 * SPANS, 0, 0)
    before, childs, after = server.requests
    assert before["peer"] == after["peer"] != childs["peer"]


# ---- outages ----


def test_busy_answers_are_tried_again_on_the_same_connection():
    busy = [(status, {}, b"busy") for status in (503, 502, 504, 429)]
    with sink(*busy, (200, {}, b"")) as server:
        result, diagnostics = run(server.server_port, timeout_ms=20000)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert diagnostics == []
    assert len(server.requests) == 5
    assert len({request["body"] for request in server.requests}) == 1
    assert len({request["peer"] for request in server.requests}) == 1


@pytest.mark.parametrize(
    "value, least, most",
    [
        ("1", 1.0, 10),
        (lambda: email.utils.formatdate(time.time() + 2, usegmt=True), 0.9, 10),
        ("soon", 0.0, 10),
    ],
    ids=["seconds", "date", "garbage"],
)
def test_retry_after_is_honoured(value, least, most):
    value = value() if callable(value) else value
    with sink((429, {"Retry-After": value}, b""), (200, {}, b"")) as server:
        result, _ = run(server.server_port, timeout_ms=20000)
    assert counters(result) == (OK, SPANS, 0, 0)
    first, second = server.requests
    assert least <= second["at"] - first["at"] <= most


def test_retry_after_the_deadline_is_not_waited_for():
    answer = (503, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, b"")
    with sink(answer) as server:
        result, diagnostics = run(server.server_port, timeout_ms=20000)
    assert waits(result)
    assert result["took_ms"] < 10000
    assert len(server.requests) == 1
    assert len(diagnostics) == 1 and "503" in diagnostics[0]


def test_a_backend_cannot_reject_more_than_it_got():
    with sink((200, {}, partial_success(10**12, ""))) as server:
        result, _ = run(server.server_port)
    assert counters(result) == (EEXPORT, 0, SPANS, 0)


def test_a_warning_is_told_and_rejects_nothing():
    with sink((200, {}, partial_success(0, "old schema"))) as server:
        result, diagnostics = run(server.server_port)
    assert counters(result) == (OK, SPANS, 0, 0)
    assert len(diagnostics) == 1 and "old schema" in diagnostics[0]


def test_spans_that_meet_a_refused_connection_wait():
    with socket.socket() as bound:  # bound and not listening: every connection is refused
        bound.bind(("127.0.0.1", 0))
        result, diagnostics = run(bound.getsockname()[1], OTEL_EXPORTER_OTLP_TIMEOUT="300")
    assert waits(result)
    assert len(diagnostics) == 1


def test_spans_wait_for_a_backend_that_is_away_and_go_when_it_is_back():
    """Nobody flushes: the worker tries again by itself."""
    server = backend.Sink([(200, {}, b"")], is_listening=False)
    back = threading.Timer(0.7, server.begin)
    back.start()
    result, diagnostics = run(
        server.server_port, "patient", timeout_ms=30000, OTEL_EXPORTER_OTLP_TIMEOUT="200"
    )
    back.join()
    server.end()
    assert counters(result) == (OK, SPANS, 0, 0)
    assert len({span.span_id for span in spans_of(server.requests[0])}) == SPANS
    assert len(server.requests) == 1
    assert len(diagnostics) == 1 and "could not be sent" in diagnostics[0]


@contextlib.contextmanager
def silent_peer():
    """Accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def is_in_time(call, most_ms):
    """Whether one of many tries is: the machine may have other things to do."""
    return any(call()["took_ms"] <= most_ms for _ in range(40))


def test_a_peer_that_takes_no_connection_costs_shutdown_a_second():
    """However long it may take: one that is away is not waited for."""

    def shut_down():
        result, _ = run(port, "shutdown", timeout_ms=30000)
        assert counters(result)[1:] == (0, 0, SPANS)
        assert result["took_ms"] < 20000
        return result

    with backend.full_peer() as port:
        assert is_in_time(shut_down, 1000)


def test_the_exporters_own_timeout_ends_a_hang():
    with silent_peer() as port:
        result, diagnostics = run(port, timeout_ms=30000, OTEL_EXPORTER_OTLP_TIMEOUT="100")
    assert waits(result)
    assert result["took_ms"] < 15000
    assert len(diagnostics) == 1


def test_tree_of_two_requests_is_one_tree(tmp_path, rich):
    """The bodies of requests are what impact-tree reads."""
    split = []
    for name in ("GET /orders/{id}", "child"):
        data = trace_pb2.TracesData()
        resource_spans = data.resource_spans.add()
        attribute = resource_spans.resource.attributes.add(key="service.name")
        attribute.value.string_value = f"service of {name}"
        resource_spans.scope_spans.add().spans.append(rich["spans"][name][1])
        path = tmp_path / f"{len(split)}.pb"
        path.write_bytes(data.SerializeToString())
        split.append(path)
    done = subprocess.run(
        [BUILD / "cli/impact-tree", *split], capture_output=True, text=True, check=True, timeout=60
    )
    lines = done.stdout.splitlines()
    assert lines[0] == f"trace {TRACE_ID.hex()}  2 spans  1.50 s"
    assert lines[1].startswith("✗ ⇡ GET /orders/{id}") and " server " in lines[1]
    assert lines[2].startswith("  └─ child") and " internal " in lines[2]
    assert all(len(line) <= 80 for line in lines)


def test_tree_says_what_it_cannot_read(tmp_path):
    done = subprocess.run(
        [BUILD / "cli/impact-tree", tmp_path / "none.pb"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "No such file" in done.stderr
    assert done.stdout == ""
