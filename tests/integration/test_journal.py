"""`impact flush`: what processes left in a journal is exported by who asks for it."""

import os
import socket
import subprocess

import backend

pytestmark = backend.needs_otlp


def leave(folder):
    """A process whose backend is away, and that ends."""
    with socket.socket() as bound:  # bound and not listening: every connection is refused
        bound.bind(("127.0.0.1", 0))
        result, _ = backend.run(
            bound.getsockname()[1], "shutdown", timeout_ms=20000, CODE_JOURNAL=str(folder)
        )
    assert result["failed"] == backend.SPANS


def flush(folder, port):
    own = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    return subprocess.run(
        [backend.BUILD / "cli/impact", "flush", folder],
        env={
            **own,
            "PATH": f"{backend.BUILD / 'cli'}:{os.environ['PATH']}",
            "IMPACT_PLUGIN_PATH": str(backend.BUILD / "src"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "300",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_impact_flush_exports_what_was_left_and_removes_the_file(tmp_path):
    leave(tmp_path)
    with backend.sink() as server:
        done = flush(tmp_path, server.server_port)
    assert (done.returncode, done.stdout) == (
        0,
        "10 exported, 0 rejected, 0 failed, of 1 files; 0 set aside; 0 of the spans were open\n",
    )
    assert len(backend.spans_of(server.requests[0])) == backend.SPANS
    assert list(tmp_path.iterdir()) == []


def test_impact_flush_leaves_what_finds_no_backend(tmp_path):
    leave(tmp_path)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        done = flush(tmp_path, bound.getsockname()[1])
    assert done.returncode == 1 and "it may succeed later" in done.stderr
    assert len(list(tmp_path.iterdir())) == 1


def test_impact_flush_says_what_is_no_directory(tmp_path):
    done = flush(tmp_path / "nowhere", 1)
    assert done.returncode == 1 and "it was not found" in done.stderr
    assert flush("--help", 1).returncode == 0
