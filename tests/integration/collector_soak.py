"""As test_collector.py, with many spans and in all ways."""

import pytest

import backend
import collector

SPANS = 100_000

pytestmark = [backend.needs_otlp, collector.needs_go]


@pytest.fixture(scope="module", name="program")
def fixture_program():
    return collector.build("small")


@pytest.mark.parametrize("way", collector.WAYS)
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", collector.PROTOCOLS)
def test_what_is_exported_is_what_a_collector_has(program, tmp_path, protocol, compression, way):
    collector.check_all_arrive(program, tmp_path, SPANS, protocol, compression, way)
