"""Runs outage_client.c, and reads what it tells."""

import dataclasses
import json
import os
import subprocess

import backend

CLIENT = backend.BUILD / "tests/integration/outage_client"
SLACK_MS = 50
BUSY_MS = 250  # more, where others want the processor


@dataclasses.dataclass
class Told:
    calls: list  # of flush and shutdown, in turn
    leaked: int  # descriptors, when all was closed
    left: int  # of them, when the threads of the C library were over too
    peak_mib: float
    diagnostics: list


def parse(errors):
    lines = errors.splitlines()
    reports = [json.loads(line) for line in lines if line.startswith("{")]
    diagnostics = [line for line in lines if line.startswith("impact: ")]
    assert len(reports) + len(diagnostics) == len(lines), errors
    *calls, end = reports
    assert end["call"] == "end"
    return Told(calls, end["leaked"], end["left"], end["peak_kib"] / 1024, diagnostics)


def run(environment, *arguments, before=(), stdin=subprocess.DEVNULL):
    """Run it to its end, which has to be a good one; return what it told, and its output."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    mine = {"IMPACT_PLUGIN_PATH": str(backend.BUILD / "src"), "OTEL_BSP_SCHEDULE_DELAY": "600000"}
    done = subprocess.run(
        [*before, CLIENT, *map(str, arguments)],
        env=own | mine | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=stdin,
    )
    assert done.returncode == 0, done.stderr
    return parse(done.stderr), done.stdout


def check_time(report, timeout_ms):
    """On any machine: the threads of a call may be later than the witness, but not for long."""
    most_ms = timeout_ms + SLACK_MS + BUSY_MS + 5 * report["late_ms"]
    assert report["took_ms"] <= most_ms, report
