"""The path of an OTLP request is the one that was configured, to the byte."""

import pytest

import backend

pytestmark = backend.needs_otlp


def sent_path(path, variable):
    with backend.sink() as server:
        url = f"http://127.0.0.1:{server.server_port}{path}"
        result, diagnostics = backend.run(server.server_port, **{variable: url})
    assert backend.counters(result) == (backend.OK, backend.SPANS, 0, 0)
    assert diagnostics == []
    (request,) = server.requests
    return request["path"]


PATHS = [
    "/x//",
    "//",
    "//x///y/",
    "/a/../b",
    "/a/./b/.",
    "/..",
    "/a/%2e%2E/b%2F",
    "/a;b=c,d@e:f",
    "/%7Emine~'()*!$&+",
    "/a|b{c}[d]^`",
]


@pytest.mark.parametrize("path", [*PATHS, "/in?a=1&b=/../c//", "/?", "/a/../b?c?d"])
def test_an_endpoint_for_traces_is_sent_as_written(path):
    assert sent_path(path, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == path


@pytest.mark.parametrize("path", PATHS)
def test_a_general_endpoint_gets_the_signal_s_path_and_loses_no_slash(path):
    joined = path + ("v1/traces" if path.endswith("/") else "/v1/traces")
    assert sent_path(path, "OTEL_EXPORTER_OTLP_ENDPOINT") == joined


def test_a_query_stays_behind_the_signal_s_path():
    assert sent_path("/a//?key=1", "OTEL_EXPORTER_OTLP_ENDPOINT") == "/a//v1/traces?key=1"


def test_an_endpoint_for_traces_without_a_path_is_the_root():
    assert sent_path("", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "/"
