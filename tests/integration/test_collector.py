"""Spans that are exported to a Collector's OTLP receiver are the ones that it has: by id, each
once. collector_soak.py has a whole Collector."""

import pytest

import backend
import collector

SPANS = 2000

pytestmark = [backend.needs_otlp, collector.needs_go]


@pytest.fixture(scope="module", name="program")
def fixture_program():
    return collector.build("quick")


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
def test_what_is_exported_is_what_a_collector_has(program, tmp_path, protocol, compression, way):
    collector.check_all_arrive(program, tmp_path, SPANS, protocol, compression, way)
