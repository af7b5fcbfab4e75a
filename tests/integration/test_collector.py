"""Spans that are exported to a real Collector are the ones that it has: by id, each once. To build
one takes minutes, which is for make soak; it is used here when it is there."""

import pytest

import backend
import collector

SPANS = 2000

PROGRAM = collector.program_of("small")

pytestmark = [
    backend.needs_otlp,
    pytest.mark.skipif(not PROGRAM.exists(), reason="no Collector here: make soak builds it"),
]


@pytest.mark.parametrize(
    "protocol, compression, way",
    [
        ("http/protobuf", "none", "plain"),
        ("http/protobuf", "gzip", "mtls"),
        ("http/json", "gzip", "tls"),
        ("http/json", "none", "unix"),
        ("grpc", "none", "mtls"),
        ("grpc", "gzip", "plain"),
        ("grpc", "none", "unix"),
    ],
)
def test_what_is_exported_is_what_a_collector_has(tmp_path, protocol, compression, way):
    collector.check_all_arrive(PROGRAM, tmp_path, SPANS, protocol, compression, way)
