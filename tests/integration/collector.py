"""An OpenTelemetry Collector, built from its Go modules (tests/collector) and started on free
ports."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess

import pytest

import backend
import outage_client
import programs

SOURCES = programs.ROOT / "tests/collector"
GO = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
CANNOT_GET = re.compile(r"dial tcp|no such host|not available|Forbidden|toolchain|requires go")
SPANS_A_SECOND = 20000
FLAGS = ("-mod=readonly", "-buildvcs=false", "-ldflags=-s -w")
QUICKLY = "-gcflags=all=-N -l"  # without the optimiser: it is to be built soon, not to be fast
READY = re.compile(r"Everything is ready")

needs_go = pytest.mark.skipif(not GO, reason="no Go here, which the Collector is built with")


def program_of(tags):
    """Where it is built, with what these build tags add."""
    return programs.BUILD / f"collector/collector-{tags}"


def build(tags):
    """Takes minutes of the processor, "quick" one; Go's own cache makes a second time short."""
    program = program_of(tags)
    program.parent.mkdir(exist_ok=True)
    flags = (*FLAGS, QUICKLY) if tags == "quick" else FLAGS
    done = subprocess.run(
        ["nice", GO, "build", *flags, "-tags", tags, "-o", program, "."],
        cwd=SOURCES,
        env=os.environ | {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if CANNOT_GET.search(done.stderr):
        pytest.skip(f"the Collector's modules are not to be had: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return program


def free_address():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{holder.getsockname()[1]}"


@contextlib.contextmanager
def running(program, settings, **environment):
    """Runs it with a file of settings until the block ends."""
    command = [program, "--config", settings]
    with programs.running(command, env=programs.environment(**environment)) as process:
        process.read_until(READY)
        yield process


# ---- all that is sent arrives, once ----

PROTOCOLS = ("http/protobuf", "http/json", "grpc")
WAYS = ("plain", "tls", "mtls", "unix")


def tls_of(folder, way):
    """What the receiver is told, and what the client is."""
    certificate, key = backend.certify(folder, "collector")
    receiver = {"cert_file": str(certificate), "key_file": str(key)}
    client = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate)}
    if way == "mtls":
        own, own_key = backend.certify(folder, "client")
        receiver |= {"client_ca_file": str(own)}
        client |= {
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(own),
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(own_key),
        }
    return receiver, client


def meeting_of(folder, way):
    """Where a receiver listens, and how a client finds it."""
    if way == "unix":
        path = str(folder / "otlp.sock")
        return {"endpoint": path, "transport": "unix"}, {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"unix:{path}"
        }
    address = free_address()
    if way == "plain":
        return {"endpoint": address}, {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}"}
    tls, client = tls_of(folder, way)
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"https://{address}"}
    return {"endpoint": address, "tls": tls}, client | endpoint


def write_settings(folder, protocol, receiver):
    """JSON is YAML too."""
    kind = "grpc" if protocol == "grpc" else "http"
    pipeline = {"receivers": ["otlp"], "exporters": ["file"]}
    settings = {
        "receivers": {"otlp": {"protocols": {kind: receiver}}},
        "exporters": {"file": {"path": str(folder / "spans.json")}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": pipeline},
        },
    }
    file = folder / "settings.yaml"
    file.write_text(json.dumps(settings))
    return file


def ids_of(document):
    return [
        f"{span['traceId']} {span['spanId']}"
        for resource_spans in document["resourceSpans"]
        for scope_spans in resource_spans["scopeSpans"]
        for span in scope_spans["spans"]
    ]


def check_all_arrive(program, folder, count, protocol, compression, way):
    """A client sends so many spans; the file has these and no others, each once."""
    receiver, client = meeting_of(folder, way)
    environment = client | {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
        "OTEL_BSP_MAX_QUEUE_SIZE": str(count),
    }
    words = ("stream", count // 5, SPANS_A_SECOND, 60000)
    with running(program, write_settings(folder, protocol, receiver)):
        told, output = outage_client.run(environment, *words)
    lines = (folder / "spans.json").read_text().splitlines()
    received = [line for document in lines for line in ids_of(json.loads(document))]
    sent = output.splitlines()
    assert len(sent) == count
    assert told.diagnostics == []
    assert [report["exported"] for report in told.calls] == [count]
    assert sorted(received) == sorted(sent)
