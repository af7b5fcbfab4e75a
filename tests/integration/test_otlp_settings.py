"""What the OTLP exporter is told, by the environment and by code, and what is on the wire then."""

import contextlib
import re
import ssl
import subprocess

import pytest

import backend

pytestmark = backend.needs_otlp

DONE = (backend.OK, backend.SPANS, 0, 0)


def sent(**environment):
    """The one request's headers, and what was said."""
    with backend.sink() as server:
        result, diagnostics = backend.run(server.server_port, **environment)
    assert backend.counters(result) == DONE
    (request,) = server.requests
    return request["headers"], diagnostics


# ---- headers ----


def test_an_empty_header_is_sent():
    headers, diagnostics = sent(OTEL_EXPORTER_OTLP_HEADERS="x-empty=,x=1")
    assert (headers["x-empty"], headers["x"]) == ("", "1")
    assert diagnostics == []


def test_headers_of_the_transport_are_its_own():
    headers, diagnostics = sent(
        OTEL_EXPORTER_OTLP_HEADERS="content-length=5,Content-Type=text/plain,host=other,x=1"
    )
    assert headers.get_all("content-type") == ["application/x-protobuf"]
    assert len(headers.get_all("content-length")) == 1
    assert headers["host"].startswith("127.0.0.1:") and headers["x"] == "1"
    assert [line.split()[4] for line in diagnostics] == ["content-length", "content-type", "host"]


def test_a_line_end_of_a_file_is_no_part_of_a_header():
    headers, _ = sent(OTEL_EXPORTER_OTLP_HEADERS="x-key=secret\r\n")
    assert headers["x-key"] == "secret"


# ---- endpoints ----


def run_client(**environment):
    """As backend.run, of a client that cannot begin."""
    done = subprocess.run(
        [backend.CLIENT, "otlp", "plain", "1000"],
        env={"IMPACT_PLUGIN_PATH": str(backend.BUILD / "src"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_after_a_bad_endpoint_nothing_is_sent_elsewhere():
    """The general endpoint is not the one for traces, which somebody meant."""
    with backend.sink() as server:
        status, said = run_client(
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="hxxp://user:hunter2@c:1",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
        )
    assert (status, server.requests) == (3, [])
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in said and "hunter2" not in said


# ---- in code ----


def test_code_says_what_the_environment_can_and_wins():
    with backend.sink() as server:
        result, diagnostics = backend.run(
            1,
            CODE_ENDPOINT=f"http://127.0.0.1:{server.server_port}/in//",
            OTEL_EXPORTER_OTLP_HEADERS="x-code=other,y=1",
            OTEL_EXPORTER_OTLP_TIMEOUT="1",
        )
    assert backend.counters(result) == DONE and diagnostics == []
    (request,) = server.requests
    assert request["path"] == "/in//"
    assert request["headers"]["x-code"] == "one, two%20"
    assert request["headers"]["x-empty"] == ""
    assert request["headers"]["y"] is None


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_product_stands_before_our_own_in_the_user_agent(protocol):
    kind = backend.grpc_sink if protocol == "grpc" else backend.sink
    with kind() as server:
        result, diagnostics = backend.run(
            1,
            CODE_ENDPOINT=f"http://127.0.0.1:{server.server_port}/",
            CODE_PROTOCOL=protocol,
            CODE_PRODUCT="shop/1.2 (a comment)",
        )
    assert backend.counters(result) == DONE and diagnostics == []
    headers = server.requests[0]["headers"]
    agent = headers["user-agent" if protocol == "grpc" else "User-Agent"]
    assert re.match(r"shop/1\.2 \(a comment\) OTel-OTLP-Exporter-C/\d+\.\d+\.\d+", agent)


def test_limits_of_code_hold():
    """A thousand bytes of an answer; a megabyte of a request."""
    with backend.sink((200, {}, b"x" * 1001)) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        result, diagnostics = backend.run(1, "large", CODE_ENDPOINT=url)
    assert result["exported"] == 0 and result["rejected"] == result["ended"]
    assert len(server.requests) > 1
    assert all(len(request["body"]) <= 1 << 20 for request in server.requests)
    assert "too large" in diagnostics[0]


# ---- who we are ----


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    return backend.certify(folder, "server"), backend.certify(folder, "client")


@contextlib.contextmanager
def strict_sink(pairs):
    """A server that talks to nobody but the client whose certificate it knows."""
    (certificate, key), (known, _) = pairs
    with backend.sink() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(known)
        context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server


def run_strict(pairs, variables, **environment):
    """`variables`: the names of the trusted certificate, our own one, and our key."""
    files = (pairs[0][0], *pairs[1])
    named = {name: str(file) for name, file in zip(variables, files) if name}
    with strict_sink(pairs) as server:
        url = f"https://127.0.0.1:{server.server_port}"
        environment = {name: value.format(url) for name, value in environment.items()}
        result, _ = backend.run(server.server_port, timeout_ms=2000, **named, **environment)
    return backend.counters(result), len(server.requests)


def otlp(*names):
    return [f"OTEL_EXPORTER_OTLP_{name}" for name in names]


def test_a_client_certificate_of_the_environment_is_shown(pairs):
    variables = otlp("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
    assert run_strict(pairs, variables, OTEL_EXPORTER_OTLP_ENDPOINT="{}") == (DONE, 1)


def test_a_client_certificate_of_the_code_is_shown(pairs):
    variables = ["CODE_CERTIFICATE", "CODE_CLIENT_CERTIFICATE", "CODE_CLIENT_KEY"]
    assert run_strict(pairs, variables, CODE_ENDPOINT="{}/v1/traces") == (DONE, 1)


def test_without_a_client_certificate_that_server_takes_nothing(pairs):
    _, requests = run_strict(pairs, otlp("CERTIFICATE"), OTEL_EXPORTER_OTLP_ENDPOINT="{}")
    assert requests == 0
