"""The exporter "zipkin" against real sockets: what arrives, held to Zipkin's description of its API
and read by Zipkin's own model, and what a backend's answers do to the counters."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import backend
from backend import EEXPORT, OK, SPANS, counters, sink, waits

START_US = 1700000000000001
SOURCES = pathlib.Path(__file__).resolve().parents[1] / "zipkin"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
REMOTE_ID = "b7ad6b7169203331"

pytestmark = backend.needs_otlp


def run(server, scenario="plain", **environment):
    return backend.run(
        server.server_port,
        scenario,
        exporter="zipkin",
        OTEL_EXPORTER_ZIPKIN_ENDPOINT=f"http://127.0.0.1:{server.server_port}/api/v2/spans",
        **environment,
    )


@pytest.fixture(scope="module")
def request_of_rich():
    with sink((202, {}, b"")) as server:
        result, diagnostics = run(server, "rich")
    assert diagnostics == []
    assert counters(result) == (OK, 3, 0, 0)
    (request,) = server.requests
    return request


@pytest.fixture(scope="module")
def spans(request_of_rich):
    listed = json.loads(request_of_rich["body"])
    by_name = {span["name"]: span for span in listed}
    assert set(by_name) == {"GET /orders/{id}", "child", "root"}
    return by_name


# ---- what arrives ----


def test_the_request_is_what_zipkin_takes(request_of_rich):
    headers = request_of_rich["headers"]
    assert request_of_rich["path"] == "/api/v2/spans"
    assert headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"OTel-Zipkin-Exporter-C/\d+\.\d+\.\d+", headers["User-Agent"])
    assert headers["Content-Encoding"] is None
    assert "Expect" not in headers


ENDPOINT = {"serviceName": str, "ipv4": str, "ipv6": str, "port": int}
SPAN = {  # zipkin2-api.yaml, definitions
    "traceId": re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}"),
    "id": re.compile(r"[0-9a-f]{16}"),
    "parentId": re.compile(r"[0-9a-f]{16}"),
    "name": str,
    "kind": re.compile(r"CLIENT|SERVER|PRODUCER|CONSUMER"),
    "timestamp": int,
    "duration": int,
    "localEndpoint": ENDPOINT,
    "remoteEndpoint": ENDPOINT,
    "annotations": [{"timestamp": int, "value": str}],
    "tags": None,
}


def check_shape(value, shape):
    if isinstance(shape, dict):
        assert set(value) <= set(shape)
        for key, member in value.items():
            check_shape(member, shape[key])
    elif isinstance(shape, list):
        assert value  # what is empty is left out
        for item in value:
            check_shape(item, shape[0])
    elif isinstance(shape, re.Pattern):
        assert shape.fullmatch(value)
    elif shape is None:
        assert value and all(type(tag) is str for tag in value.values())
    else:
        assert type(value) is shape


def test_every_span_keeps_to_zipkins_description(spans):
    for span in spans.values():
        check_shape(span, SPAN)
        assert {"traceId", "id", "timestamp", "duration", "localEndpoint"} <= set(span)
        assert span["duration"] > 0


def test_no_key_stands_twice(request_of_rich):
    def once(pairs):
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    json.loads(request_of_rich["body"], object_pairs_hook=once)


def test_ids_times_kinds_and_the_name_of_the_service_arrive(spans):
    server, child, root = spans["GET /orders/{id}"], spans["child"], spans["root"]
    assert (server["traceId"], server["parentId"]) == (TRACE_ID, REMOTE_ID)
    assert (child["traceId"], child["parentId"]) == (TRACE_ID, server["id"])
    assert "parentId" not in root and root["traceId"] != TRACE_ID
    assert (server["timestamp"], server["duration"]) == (START_US, 1500001)
    assert (server["kind"], root["kind"], child.get("kind")) == ("SERVER", "PRODUCER", None)
    assert all(span["localEndpoint"] == {"serviceName": "orders"} for span in spans.values())


def test_attributes_are_tags_and_what_is_more_than_a_scalar_is_json(spans):
    tags = spans["GET /orders/{id}"]["tags"]
    assert tags["string"] == 'café "quoted" <&>\n'
    assert (tags["bool"], tags["int"], tags["double"]) == ("true", str(-(2**63)), "0.1")
    assert json.loads(tags["strings"]) == ["a", "bé"]
    assert json.loads(tags["bools"]) == [True, False]
    assert json.loads(tags["ints"]) == [-1, 2**63 - 1]
    assert json.loads(tags["doubles"]) == [0.5, -1e300]
    assert (tags["empty"], tags["null"], tags["replaced"]) == ("[]", "", "twice")
    assert json.loads(tags["mixed"]) == [1, "two", None, [-1, 2**63 - 1]]
    assert json.loads(tags["map"]) == {"pi": 3.25, "of": {"maps": True}, "empty": {}}
    assert spans["root"]["tags"]["bytes"] == "AP88Pg=="


def test_resource_scope_and_status_are_tags(spans):
    server, child = spans["GET /orders/{id}"]["tags"], spans["child"]["tags"]
    assert (server["shard"], server["canary"]) == ("7", "true")
    assert (server["otel.scope.name"], server["otel.scope.version"]) == ("integration", "1.2")
    assert (server["otel.library.name"], server["otel.library.version"]) == ("integration", "1.2")
    assert (server["otel.status_code"], server["error"]) == ("ERROR", "broken")
    assert (child["otel.scope.name"], child.get("otel.scope.version")) == ("other", None)
    assert (child["otel.status_code"], child.get("error")) == ("OK", None)
    assert "otel.status_code" not in spans["root"]["tags"]
    assert "service.name" not in server


def test_events_are_annotations(spans):
    assert spans["GET /orders/{id}"]["annotations"] == [
        {"timestamp": START_US + 5, "value": '"retry": {"n": 1}'},
        {"timestamp": START_US + 6, "value": "again"},
    ]
    assert "annotations" not in spans["child"]


# ---- read by Zipkin's own model ----


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """tests/zipkin, built: it reads spans with github.com/openzipkin/zipkin-go/model."""
    if not shutil.which("go"):
        pytest.skip("Go is not installed")
    program = tmp_path_factory.mktemp("zipkin") / "read"
    built = subprocess.run(
        ["go", "build", "-mod=readonly", "-buildvcs=false", "-o", program, "."],
        cwd=SOURCES,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "dial tcp" in built.stderr or "no such host" in built.stderr:
        pytest.skip("the module of Zipkin's model is not here and cannot be fetched")
    assert built.returncode == 0, built.stderr
    return program


def read(reader, body):
    done = subprocess.run([reader], input=body, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def as_read(span):
    """What the model has to have read of a span. It has names and times in its own forms."""
    return {
        "TraceID": span["traceId"],
        "ID": span["id"],
        "ParentID": span.get("parentId", ""),
        "Name": span["name"].lower(),
        "Kind": span.get("kind", ""),
        "StartNs": span["timestamp"] * 1000,
        "DurationNs": span["duration"] * 1000,
        "Local": span["localEndpoint"],
        "Remote": span.get("remoteEndpoint"),
        "Annotations": [
            {"AtNs": annotation["timestamp"] * 1000, "Value": annotation["value"]}
            for annotation in span.get("annotations", [])
        ]
        or None,
        "Tags": span["tags"],
    }


def test_zipkins_own_model_reads_every_span(reader, request_of_rich, spans):
    found = {span["ID"]: span for span in read(reader, request_of_rich["body"])}
    for span in spans.values():
        expected = as_read(span)
        got = {**found[span["id"]]}
        got["Name"] = got["Name"].lower()
        assert got == expected


# ---- answers ----


def test_a_backend_that_is_busy_is_asked_again():
    with sink((503, {"Retry-After": "0"}, b""), (202, {}, b"")) as server:
        result, diagnostics = run(server)
    assert (counters(result), diagnostics) == ((OK, SPANS, 0, 0), [])
    assert len(server.requests) == 2
    assert server.requests[0]["body"] == server.requests[1]["body"]


def test_a_refusal_rejects_all_and_its_reason_is_told():
    with sink((400, {}, b"Malformed reading List<Span> from json")) as server:
        result, diagnostics = run(server)
    assert counters(result) == (EEXPORT, 0, SPANS, 0)
    (line,) = diagnostics
    assert "HTTP status 400: Malformed reading List<Span> from json" in line


def test_whatever_is_said_beside_a_success_is_no_matter():
    with sink((200, {}, b"ok")) as server:
        result, diagnostics = run(server)
    assert (counters(result), diagnostics) == ((OK, SPANS, 0, 0), [])


def test_a_request_that_is_too_large_is_sent_in_halves():
    def answer(handler):
        body = handler.server.requests[-1]["body"]
        handler.reply(202 if len(body) < 3_000_000 else 413, {}, b"")

    with sink(answer) as server:
        result, _ = run(server, "large")
    assert counters(result) == (OK, 100, 0, 0)
    taken = [json.loads(r["body"]) for r in server.requests if len(r["body"]) < 3_000_000]
    assert sorted(int(span["name"]) for part in taken for span in part) == list(range(100))


def test_its_own_timeout_ends_a_hang():
    release = []

    def answer(handler):
        release.append(handler)
        handler.rfile.read(1)  # until the client goes away

    with sink(answer) as server:
        result, _ = run(server, OTEL_EXPORTER_ZIPKIN_TIMEOUT="300")
    assert waits(result)
    assert result["took_ms"] < 4000
