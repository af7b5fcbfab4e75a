"""The gRPC health protocol on the health port, asked by gRPC's own client; and HTTP/2 besides."""

import concurrent.futures
import json
import shutil
import subprocess

import pytest

from grpc_asked import (
    NOT_SERVING,
    PREFACE,
    SERVING,
    SETTINGS,
    TIMEOUT,
    HealthCheckRequest,
    asked,
    frame,
    grpc,
    needs_http2,
    talk,
)

pytestmark = needs_http2


@pytest.fixture(name="service")
def fixture_service():
    with asked() as service:
        yield service


def test_a_service_is_a_group_or_a_check_and_the_empty_one_is_ready(service):
    for name in ("", "_ready", "_live", "loop", "_defaults"):
        assert service.check(name) == SERVING, name
    for name in ("a b/%c", "_own"):
        assert service.check(name) == NOT_SERVING, name
    assert service.check("_startup") == NOT_SERVING  # it has no checks
    for name in ("none", "_none", ",", "loop,none", "a" * 65, "a\nb"):
        assert service.check(name) == grpc.StatusCode.NOT_FOUND, name


def test_what_fails_or_drains_does_not_serve_and_serves_again(service):
    service.tell("f")
    assert [service.check(name) for name in ("", "_live", "loop")] == [NOT_SERVING] * 3
    service.tell("p")
    service.tell("d")
    assert [service.check(name) for name in ("", "_live", "loop")] == [
        NOT_SERVING, SERVING, SERVING,
    ]  # fmt: skip
    service.tell("s")
    assert service.check() == SERVING


def test_who_does_not_know_the_secret_may_ask_as_a_probe_does():
    with asked("s3") as service:
        assert [service.check(name) for name in ("", "_ready", "_live")] == [SERVING] * 3
        for name in ("loop", "_own", "none"):
            assert service.check(name) == grpc.StatusCode.UNAUTHENTICATED
            assert service.check(name, authorization="Bearer s4") == (
                grpc.StatusCode.UNAUTHENTICATED
            )
        assert service.check("loop", authorization="Bearer s3") == SERVING
        assert service.check("_own", **{"x-health-secret": "s3"}) == NOT_SERVING
        assert service.check("none", authorization="Bearer s3") == grpc.StatusCode.NOT_FOUND


def test_questions_on_one_connection_wait_side_by_side_and_within_the_budget(service):
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        hanging = [pool.submit(service.check, "gate") for _ in range(8)]
        assert service.check() == SERVING
        assert [one.result() for one in hanging] == [NOT_SERVING] * 8  # the budget is spent
        released = [pool.submit(service.check, "gate") for _ in range(8)]
        service.tell("g")
        assert {one.result() for one in released} <= {SERVING, NOT_SERVING}


def test_what_is_no_check_is_not_implemented(service):
    for method in ("/grpc.health.v1.Health/List", "/a.B/C"):
        with pytest.raises(grpc.RpcError) as raised:
            service.channel.unary_unary(method)(b"", timeout=TIMEOUT)
        assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
    for message in (b"\x0a\x05a", b"\x08\x01", b"\xff", b"a" * 5000):
        with pytest.raises(grpc.RpcError) as raised:
            service.channel.unary_unary("/grpc.health.v1.Health/Check")(message, timeout=TIMEOUT)
        assert raised.value.code() in (
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.UNKNOWN,  # of the one that is too long: HTTP's 413
        )
    assert service.check() == SERVING


def test_a_compressed_question_is_refused_and_said_so(service):
    request = HealthCheckRequest(service="loop" * 10)
    with pytest.raises(grpc.RpcError) as raised:
        service.stub.Check(request, timeout=TIMEOUT, compression=grpc.Compression.Gzip)
    assert raised.value.code() in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,  # it was not worth compressing
    )


def curl(service, path, *arguments):
    done = subprocess.run(
        ["curl", "--silent", "--http2-prior-knowledge",
         "--write-out", "%{http_code} %{http_version}",
         *arguments, f"http://{service.address}{path}"],
        capture_output=True, text=True, timeout=TIMEOUT, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_all_paths_are_there_by_http2_too(service):
    assert curl(service, "/livez") == "ok\n200 2"
    assert curl(service, "/health/ping", "--head").endswith("200 2")
    assert curl(service, "/nothing").endswith("404 2")
    assert curl(service, "/health/", "--request", "DELETE").endswith("405 2")
    body = curl(service, "/health/loop").removesuffix("200 2")
    assert json.loads(body)["checks"] == {"loop": True}
    page = curl(service, "/health/?format=html")
    assert page.endswith("</html>\n200 2") and len(page) > 4096  # several frames


def test_what_is_no_http2_behind_its_preface_ends_the_connection_and_nothing_else(service):
    hostile = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 4096,
        SETTINGS + frame(1, 5, 1, b"\xff" * 64),  # no HPACK
        SETTINGS + frame(1, 5, 2, b"\x82"),  # an even stream
        SETTINGS + frame(0, 1, 1, b"data"),  # of no stream
        SETTINGS + frame(8, 0, 0, b"\0\0\0\0"),  # a window that does not grow
        SETTINGS + frame(6, 0, 0, b"short"),
        SETTINGS + frame(6, 0, 0, b"8 bytes!") * 20000,
        SETTINGS + b"".join(frame(3, 0, s, b"\0\0\0\x08") for s in range(1, 4000, 2)),
        b"\xff\xff\xff\x04\0\0\0\0\0",
    ]
    for data in hostile:
        answer = talk(service.port, PREFACE + data)
        assert answer == b"" or answer[3] == 4  # SETTINGS come first
    for end in range(1, len(PREFACE)):
        talk(service.port, PREFACE[:end])
    assert talk(service.port, PREFACE[:18] + b"X\r\n\r\n").startswith(b"HTTP/1.1 505")
    assert service.check() == SERVING


def test_a_client_that_gives_up_its_questions_is_no_burden(service):
    for _ in range(50):
        calls = [service.stub.Check.future(HealthCheckRequest(service="gate")) for _ in range(8)]
        for call in calls:
            call.cancel()
    assert service.check() == SERVING
