"""impact view with a certificate: all comes by HTTPS."""

import http.client
import json
import ssl
import subprocess
import urllib.request

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import programs
from backend import certify, needs_otlp, run
from test_view import VIEW, pytestmark, viewing  # noqa: F401 (the mark is used by name)


@needs_otlp
def test_with_a_certificate_all_comes_by_https(tmp_path, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)  # to requests they count more than what it is told
    certificate, key = certify(tmp_path, "view")
    with viewing("--certificate", certificate, "--key", key) as program:
        exporter = OTLPSpanExporter(
            f"{program.address}/v1/traces", certificate_file=str(certificate)
        )
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("test").start_span("official").end()
        provider.shutdown()
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": program.address,
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        }
        result, diagnostics = run(0, "rich", 10000, **settings)
        assert diagnostics == []
        context = ssl.create_default_context(cafile=certificate)
        with urllib.request.urlopen(f"{program.address}/api/traces", context=context) as answer:
            assert json.load(answer)["received"] == result["exported"] + 1 > 1
        with pytest.raises((OSError, http.client.HTTPException)):
            programs.fetch(program.address.replace("https", "http"))


def test_a_certificate_that_is_none_or_anothers_is_told(tmp_path):
    _, key = certify(tmp_path, "view")
    other, _ = certify(tmp_path, "other")
    for words, why in (
        ((other, key), b"cannot be served"),
        ((key, key), b"cannot be served"),
        ((tmp_path / "missing", key), b"missing: No such file"),
    ):
        command = [VIEW, "--listen", "127.0.0.1:0", "--certificate", words[0], "--key", words[1]]
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert (done.returncode, why in done.stderr) == (1, True), done.stderr
