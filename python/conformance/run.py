#!/usr/bin/env python3
"""Runs the tests of opentelemetry-sdk's tracing, and those of contrib's instrumentors, twice: with
opentelemetry-sdk's tracer provider and with ours in its place. They should say the same.

    python/conformance/run.py [SUITE ...]

What runs is downloaded, as lock.txt says it. What passes with the SDK and not with ours is listed
in expected.txt, with its reason; anything else is an error. On a busy machine tests that wait fail
now and then: one that fails is run again by itself, with either provider.
"""

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = TOP / "build/conformance"
OURS = TOP / "build/venv"
PYTHON = BUILD / "venv/bin/python"
CONTRIB = (
    "flask", "wsgi", "requests", "sqlalchemy", "celery", "logging", "urllib3", "redis", "jinja2",
    "psycopg2", "asgi", "fastapi", "dbapi", "sqlite3", "threading",
)  # fmt: skip
TRIES = 4
TIMEOUT_S = 1200


class Outcome(NamedTuple):
    """What the tests of a suite said, by their names."""

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]

    def __str__(self):
        return f"{len(self.passed):4} {len(self.failed):3} {len(self.skipped):3}"


# ---- what runs ----


def distribution_of(suite):
    """Return the name of the package whose tests a suite is."""
    return "opentelemetry-sdk" if suite == "sdk" else f"opentelemetry-instrumentation-{suite}"


def make_environment():
    """Install what the lock lists, and make our package, built before, importable beside it."""
    if not PYTHON.exists():
        subprocess.run([OURS / "bin/python", "-m", "venv", PYTHON.parent.parent], check=True)
    pip("install", "--require-hashes", "-r", HERE / "lock.txt")
    (package,) = OURS.glob("lib/python*/site-packages/impact_stack")
    link = BUILD / "package/impact_stack"
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(package)


def pip(*arguments):
    """Run pip in the environment."""
    command = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)


def locked_lines(distribution):
    """Return what the lock says of one package: its version and its hashes."""
    lines = iter((HERE / "lock.txt").read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith(f"{distribution}=="):
            found = [line]
            while found[-1].endswith("\\"):
                found.append(next(lines))
            return "\n".join(found)
    raise SystemExit(f"conformance: lock.txt has no {distribution}")


def sources_of(suite):
    """Return the folder of the suite's sources, downloaded and unpacked."""
    distribution = distribution_of(suite)
    folder = BUILD / "sources" / suite
    if not folder.exists():
        folder.mkdir(parents=True)
        wanted = folder / "wanted.txt"
        wanted.write_text(locked_lines(distribution), encoding="utf-8")
        pip("download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:",
            "--require-hashes", "-r", wanted, "-d", folder)  # fmt: skip
    (archive,) = folder.glob("*.tar.gz")
    unpacked = folder / archive.name.removesuffix(".tar.gz")
    if not unpacked.exists():
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return unpacked


# ---- how it runs ----


def run_tests(suite, is_ours, names):
    """Run tests of a suite, and return what they said."""
    report = BUILD / f"{suite}-{'ours' if is_ours else 'sdk'}.xml"
    report.unlink(missing_ok=True)
    environment = {**os.environ, "PATH": f"{PYTHON.parent}:{os.environ['PATH']}"}
    if is_ours:
        environment["PYTHONPATH"] = f"{HERE / 'swapped'}:{BUILD / 'package'}"
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    with (BUILD / f"{report.stem}.log").open("a", encoding="utf-8") as log:
        subprocess.run(
            [*command, *names], cwd=sources_of(suite), env=environment, stdout=log, stderr=log,
            check=False, timeout=TIMEOUT_S,
        )  # fmt: skip
    if not report.exists():
        raise SystemExit(f"conformance: {suite} did not run; see {log.name}")
    return read_report(report)


def read_report(report):
    """Read the outcome from what pytest wrote."""
    found = {"passed": set(), "failed": set(), "skipped": set()}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        kind = "failed" if kinds & {"failure", "error"} else "passed"
        if "skipped" in kinds and kind == "passed":
            kind = "skipped"
        found[kind].add(f"{case.get('classname')}.{case.get('name')}")
    found["passed"] -= found["failed"]
    return Outcome(**{kind: frozenset(names) for kind, names in found.items()})


def path_of(name):
    """Return pytest's name of a test: tests.trace.test_trace.TestSpan.test_events."""
    parts = name.split("[")[0].split(".")
    module = next(i for i, part in enumerate(parts) if part.startswith("test_")) + 1
    return "::".join(["/".join(parts[:module]) + ".py", *parts[module:]])


def run_suite(suite, is_ours, expected):
    """Run a suite; what fails without being expected to is tried again by itself."""
    first = run_tests(suite, is_ours, ["tests/trace"] if suite == "sdk" else ["tests"])
    failed = set(first.failed)
    for _ in range(TRIES - 1):
        again = sorted(failed - expected) if is_ours else sorted(failed)
        for name in again:
            if not run_tests(suite, is_ours, [path_of(name)]).failed:
                failed.discard(name)
    recovered = first.failed - failed
    return first._replace(passed=first.passed | recovered, failed=frozenset(failed))


def read_expected():
    """Return the tests that are expected to fail with ours: each stands below its reason."""
    lines = (HERE / "expected.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.startswith("    "))


def compare(suite, expected):
    """Run a suite with both, print the figures, and return what is not as it should be."""
    sdk = run_suite(suite, False, expected)
    ours = run_suite(suite, True, expected)
    difference = sorted(ours.failed - sdk.failed)
    problems = [f"{suite}: {name} fails" for name in difference if name not in expected]
    listed = len(difference) - len(problems)
    print(f"{suite:12} {sdk}   {ours}   {listed:3}", flush=True)
    if suite == "sdk":
        problems += [f"{suite}: {name} passes, and is listed" for name in expected & ours.passed]
    return problems


def main():
    """Run all suites, or those that are named."""
    suites = sys.argv[1:] or ["sdk", *CONTRIB]
    BUILD.mkdir(parents=True, exist_ok=True)
    make_environment()
    expected = read_expected()
    print("             opentelemetry-sdk  impact")
    print("suite        pass fail skip  pass fail skip  listed")
    problems = [problem for suite in suites for problem in compare(suite, expected)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
